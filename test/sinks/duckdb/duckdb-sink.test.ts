import {describe} from 'vitest';
import {warehouseSinkSuite} from '../../suites/warehouse-sink-suite.ts';
import {DuckDbWarehouse} from './duckdb-warehouse.ts';

describe('DuckDbSink', () => {
  warehouseSinkSuite(async () => {
    const warehouse = new DuckDbWarehouse();
    return {
      connect: () => warehouse.connect(),
      rows: (table) => warehouse.rows(table),
      close: () => warehouse.close(),
    };
  });
});
