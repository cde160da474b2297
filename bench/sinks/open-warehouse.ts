import {join} from 'node:path';
import {DuckDbSink} from '../../src/sinks/duckdb/duckdb-sink.ts';
import type {WarehouseSink} from '../../src/sinks/warehouse-sink.ts';

/** The sink of a warehouse; `target` is the folder of a DuckDB file. */
export function openWarehouse(warehouse: string, target: string): Promise<WarehouseSink> {
  if (warehouse !== 'duckdb') throw new Error(`there is no warehouse ${warehouse}`);
  return Promise.resolve(new DuckDbSink({database: join(target, 'warehouse.duckdb')}));
}
