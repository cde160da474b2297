import type {Clock} from '../common/clock.ts';
import type {Conditions} from '../common/conditions.ts';
import type {Logger} from '../common/logger.ts';
import type {SinkConfig} from '../config/sink-config.ts';
import {DuckDbSink} from '../sinks/duckdb/duckdb-sink.ts';
import type {WarehouseSink} from '../sinks/warehouse-sink.ts';
import {databricksOptions} from './databricks-options.ts';

export interface WarehouseDeps {
  readonly clock: Clock;
  readonly conditions: Conditions;
  readonly logger: Logger;
}

/** The warehouse of a configured sink. What it takes is loaded only for a sink that has it. */
export async function warehouseOf(sink: SinkConfig, deps: WarehouseDeps): Promise<WarehouseSink> {
  switch (sink.connector) {
    case 'duckdb': {
      const {name, database, exportDatabase, exportIntervalMs: intervalMs} = sink;
      const copy = {...deps, subject: `sink ${name}`, intervalMs};
      return new DuckDbSink(
        {database},
        exportDatabase === undefined ? undefined : {...copy, database: exportDatabase},
      );
    }
    case 'databricks': {
      const {DatabricksSink} = await import('../sinks/databricks/databricks-sink.ts');
      return new DatabricksSink(databricksOptions(sink.databricks), deps);
    }
    case 'snowflake':
      break;
  }
  const {SnowflakeSink} = await import('../sinks/snowflake/snowflake-sink.ts');
  return new SnowflakeSink(sink.snowflake, deps.clock);
}
