import {join} from 'node:path';
import {systemClock} from '../../src/common/clock.ts';
import {silentLogger} from '../../src/common/logger.ts';
import type {DatabricksOptions} from '../../src/sinks/databricks/databricks-client.ts';
import type {WarehouseSink} from '../../src/sinks/warehouse-sink.ts';

export const connectors = ['duckdb', 'snowflake', 'databricks'] as const;
export type Connector = (typeof connectors)[number];

/**
 * The sink of a warehouse. `target` is where it is: the stand-in's address, and for DuckDB the folder of its file;
 * `directory` is for files on their way.
 */
export async function openWarehouse(
  connector: Connector,
  target: string,
  directory: string,
): Promise<WarehouseSink> {
  switch (connector) {
    case 'duckdb': {
      const {DuckDbSink} = await import('../../src/sinks/duckdb/duckdb-sink.ts');
      return new DuckDbSink({database: join(target, 'warehouse.duckdb')});
    }
    case 'databricks': {
      const {DatabricksSink} = await import('../../src/sinks/databricks/databricks-sink.ts');
      const {token, ...address} = JSON.parse(target) as DatabricksOptions & {token: string};
      const options: DatabricksOptions = {
        ...address,
        login: {kind: 'token', token},
        requestTimeoutMs: 300_000,
        stagingDirectory: join(directory, 'staging'),
      };
      return new DatabricksSink(options, {clock: systemClock, logger: silentLogger});
    }
    case 'snowflake':
      break;
  }
  const {SnowflakeSink} = await import('../../src/sinks/snowflake/snowflake-sink.ts');
  return new SnowflakeSink(
    {
      account: 'acme',
      url: target,
      user: 'loader',
      credentials: {kind: 'password', password: 'secret'},
      role: undefined,
      warehouse: 'LOADING',
      database: 'ANALYTICS',
      schema: 'PUBLIC',
      preserveCase: false,
      stage: undefined,
      // As the service has it.
      stageThresholdBytes: 8 << 20,
      connectTimeoutMs: 10_000,
      statementTimeoutMs: 300_000,
      lockTimeoutMs: 10_000,
    },
    systemClock,
  );
}
