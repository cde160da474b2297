import {systemClock} from '../common/clock.ts';
import {silentLogger} from '../common/logger.ts';
import type {SinkConfig} from '../config/sink-config.ts';
import {databricksCheck} from '../sinks/databricks/databricks-check.ts';
import {duckDbCheck} from '../sinks/duckdb/duckdb-check.ts';
import type {SinkCheck} from '../sinks/sink-check.ts';
import {snowflakeCheck} from '../sinks/snowflake/snowflake-check.ts';
import {databricksOptions} from './databricks-options.ts';

/** The check of the warehouse that a sink is configured for; `dataDirectory` is made at the start of the service. */
export function warehouseCheck(sink: SinkConfig, dataDirectory: string): SinkCheck {
  switch (sink.connector) {
    case 'duckdb':
      return duckDbCheck({database: sink.database}, dataDirectory);
    case 'databricks':
      return databricksCheck(databricksOptions(sink.databricks), {
        clock: systemClock,
        logger: silentLogger,
      });
    case 'snowflake':
      break;
  }
  return snowflakeCheck(sink.snowflake, systemClock);
}
