import type {SinkConfig} from '../config/sink-config.ts';
import {DuckDbSink} from '../sinks/duckdb/duckdb-sink.ts';
import type {WarehouseSink} from '../sinks/warehouse-sink.ts';

/** The warehouse of a configured sink. What it takes is loaded only for a sink that has it. */
export function warehouseOf({database}: SinkConfig): Promise<WarehouseSink> {
  return Promise.resolve(new DuckDbSink({database}));
}
