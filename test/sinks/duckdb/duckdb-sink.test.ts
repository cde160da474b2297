import {describe} from 'vitest';
import {sinkValuesSuite} from '../../suites/sink-values-suite.ts';
import {warehouseSinkSuite} from '../../suites/warehouse-sink-suite.ts';
import type {WarehouseUnderTest} from '../../suites/warehouse-sink-suite.ts';
import {DuckDbWarehouse} from './duckdb-warehouse.ts';

async function open(): Promise<WarehouseUnderTest> {
  const warehouse = new DuckDbWarehouse();
  return {
    connect: () => warehouse.connect(),
    rows: (table) => warehouse.rows(table),
    close: () => warehouse.close(),
  };
}

describe('DuckDbSink', () => {
  warehouseSinkSuite(open);
  sinkValuesSuite(open);
});
