import {systemClock} from '../../src/common/clock.ts';
import {DuckDbSink} from '../../src/sinks/duckdb/duckdb-sink.ts';
import {SinkHarness} from '../../test/sinks/sink-harness.ts';
import {DuckDbWarehouse} from '../../test/sinks/duckdb/duckdb-warehouse.ts';

/**
 * How long after its commit in the log a single row of an idle topic can be queried in DuckDB, in milliseconds, over
 * `probes` rows, one after the other.
 */
export async function visibleAfter(
  lingerMs: number,
  probes: number,
): Promise<{readonly p50: number; readonly max: number}> {
  const harness = await SinkHarness.open();
  const warehouse = new DuckDbWarehouse();
  const sink = new DuckDbSink({database: warehouse.file});
  const times: number[] = [];
  try {
    harness.run(sink, {options: {limits: {batchSize: 50_000, bufferBytes: 1 << 24, lingerMs}}});
    for (let probe = 0; probe < probes; probe++) {
      await harness.produce([harness.record(`o${probe}`, {size: 'S'})]);
      const committed = performance.now();
      while ((await rows(sink)) <= probe) await systemClock.sleep(1);
      times.push(performance.now() - committed);
    }
  } finally {
    await harness.close();
    await sink.close();
    await warehouse.close();
  }
  const sorted = times.slice(1).toSorted((a, b) => a - b);
  const at = (index: number): number => Number((sorted[index] ?? NaN).toFixed(1));
  return {p50: at(sorted.length >> 1), max: at(sorted.length - 1)};
}

async function rows(sink: DuckDbSink): Promise<number> {
  try {
    const [row] = await sink.query('SELECT count(*)::INTEGER AS rows FROM orders');
    return Number(row?.['rows']);
  } catch {
    // The table is made when the sink opens its partition.
    return 0;
  }
}
