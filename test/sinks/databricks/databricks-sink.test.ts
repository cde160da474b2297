import {describe, vi} from 'vitest';
import {warehouseSinkSuite} from '../../suites/warehouse-sink-suite.ts';
import {DatabricksWarehouse} from './databricks-warehouse.ts';

// Each statement is a request over TLS.
vi.setConfig({testTimeout: 20_000});

describe('DatabricksSink', () => {
  warehouseSinkSuite(async () => {
    const warehouse = await DatabricksWarehouse.start();
    return {
      connect: () => warehouse.connect(),
      rows: (table) => warehouse.rows(table),
      close: () => warehouse.close(),
    };
  });
});
