import type {Clock} from '../common/clock.ts';
import type {Conditions} from '../common/conditions.ts';
import type {SinkConfig} from '../config/sink-config.ts';
import {DuckDbSink} from '../sinks/duckdb/duckdb-sink.ts';
import type {WarehouseSink} from '../sinks/warehouse-sink.ts';

export interface WarehouseDeps {
  readonly clock: Clock;
  readonly conditions: Conditions;
}

/** The warehouse of a configured sink. What it takes is loaded only for a sink that has it. */
export function warehouseOf(
  {name, database, exported}: SinkConfig,
  deps: WarehouseDeps,
): Promise<WarehouseSink> {
  const copy = exported && {...exported, ...deps, subject: `sink ${name}`};
  return Promise.resolve(new DuckDbSink({database}, copy));
}
