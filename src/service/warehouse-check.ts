import type {SinkConfig} from '../config/sink-config.ts';
import {duckDbCheck} from '../sinks/duckdb/duckdb-check.ts';
import type {SinkCheck} from '../sinks/sink-check.ts';

/** The check of the warehouse that a sink is configured for. */
export function warehouseCheck({database}: SinkConfig): SinkCheck {
  return duckDbCheck({database});
}
