import {peakRssMb} from '../process-usage.ts';
import {ordersBatch, ordersTable} from './order-rows.ts';
import {openWarehouse} from './open-warehouse.ts';
import type {Connector} from './open-warehouse.ts';

/**
 * A process that writes rows to one warehouse and tells what that took, as JSON: the argument is a {@link Load}.
 *
 * Time and CPU are those of `write` alone, CPU of this process alone; rows are made in between, and are not counted.
 */
export interface Load {
  readonly connector: Connector;
  /** Where the warehouse is, see `open-warehouse.ts`. */
  readonly target: string;
  /** For files on their way. */
  readonly directory: string;
  readonly mode: 'append' | 'upsert';
  readonly rows: number;
  readonly warmUp: number;
  readonly batch: number;
}

export interface LoadResult {
  readonly rowsPerSecond: number;
  /** User and system time of the process, all threads. */
  readonly cpuSecondsPerMillion: number;
  /** Median and longest time of one write, in milliseconds. */
  readonly p50: number;
  readonly max: number;
  readonly peakRssMb: number;
}

const load = JSON.parse(process.argv[2] as string) as Load;
const sink = await openWarehouse(load.connector, load.target, load.directory);
const partition = await sink.open({
  sink: 'bench',
  topic: 'orders_enriched',
  topicId: 'bench',
  partition: 0,
  table: ordersTable,
  insertMode: load.mode,
  autoCreate: true,
  autoEvolve: 'evolve',
});
const times: number[] = [];
let cpuMicros = 0;
for (let at = 0; at < load.warmUp + load.rows; at += load.batch) {
  const batch = ordersBatch(at, load.batch, load.mode === 'upsert');
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await partition.write(batch);
  if (at < load.warmUp) continue;
  times.push(performance.now() - begun);
  const {user, system} = process.cpuUsage(cpu);
  cpuMicros += user + system;
}
await partition.close();
await sink.close();
const sorted = times.toSorted((a, b) => a - b);
const seconds = times.reduce((sum, ms) => sum + ms, 0) / 1000;
const result: LoadResult = {
  rowsPerSecond: Math.round(load.rows / seconds),
  // Microseconds a row are seconds a million rows.
  cpuSecondsPerMillion: Number((cpuMicros / load.rows).toFixed(2)),
  p50: Math.round(sorted[sorted.length >> 1] ?? NaN),
  max: Math.round(sorted.at(-1) ?? NaN),
  peakRssMb: peakRssMb(process.pid),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
