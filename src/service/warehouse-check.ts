import {systemClock} from '../common/clock.ts';
import type {SinkConfig} from '../config/sink-config.ts';
import {duckDbCheck} from '../sinks/duckdb/duckdb-check.ts';
import type {SinkCheck} from '../sinks/sink-check.ts';
import {snowflakeCheck} from '../sinks/snowflake/snowflake-check.ts';

/** The check of the warehouse that a sink is configured for. */
export function warehouseCheck(sink: SinkConfig): SinkCheck {
  switch (sink.connector) {
    case 'duckdb':
      return duckDbCheck({database: sink.database});
    case 'snowflake':
      break;
  }
  return snowflakeCheck(sink.snowflake, systemClock);
}
