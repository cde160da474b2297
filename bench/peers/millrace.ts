import {duckdbRows} from '../../test/support/duckdb-rows.ts';
import {Pipeline} from '../../test/support/pipeline.ts';
import {until} from '../../test/support/until.ts';
import type {Surroundings} from './surroundings.ts';
import type {SystemKind, SystemUnderTest} from './system-under-test.ts';

export interface MillraceOptions {
  readonly semantics: 'cdc' | 'ksqldb';
  /** `insert.mode` of the DuckDB sink. */
  readonly mode: 'append' | 'upsert';
}

const SINK = 'local';

/** The built service, the whole pipeline to DuckDB in one process. */
export function millrace(options: MillraceOptions): SystemKind {
  return {
    name: 'millrace',
    includes:
      `cdc, streams, the embedded schema registry (JSON_SR) and the DuckDB sink (insert.mode: ${options.mode}) in one process, ` +
      `exactly_once_v2, semantics: ${options.semantics}`,
    start: (surroundings) => start(options, surroundings),
  };
}

async function start(
  {semantics, mode}: MillraceOptions,
  surroundings: Surroundings,
): Promise<SystemUnderTest> {
  const pipeline = await Pipeline.create({
    postgresPort: surroundings.postgres.port,
    customersDatabase: surroundings.customersDatabase,
    productsDatabase: surroundings.productsDatabase,
    kafka: surroundings.brokers,
    settings: {semantics},
    sinks: {[SINK]: mode},
  });
  const {service} = pipeline;
  try {
    service.start();
    await service.ready();
  } catch (error) {
    await pipeline.close();
    throw error;
  }
  return {
    pids: {millrace: service.pid},
    delivered: (count) =>
      until(
        `${count} rows are in the warehouse`,
        async () => {
          const {components} = await service.status();
          return Number(components[`sink ${SINK}`]?.['rowsWritten'] ?? 0) >= count;
        },
        600_000,
      ),
    log: () => service.log(),
    stop: async () => {
      await service.stop();
      const [row] = await duckdbRows(
        pipeline.warehouse(SINK),
        `SELECT count(*)::int AS orders FROM orders_enriched WHERE order_id NOT LIKE 'probe-%'`,
      );
      await pipeline.close();
      return Number(row?.['orders']);
    },
  };
}
