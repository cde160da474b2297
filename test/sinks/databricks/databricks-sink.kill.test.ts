import {describe} from 'vitest';
import {sinkKillSuite} from '../../suites/sink-kill-suite.ts';
import {DatabricksWarehouse} from './databricks-warehouse.ts';

describe('Databricks', () => {
  sinkKillSuite(async () => {
    const warehouse = await DatabricksWarehouse.start();
    return {
      faults: warehouse.faults,
      settings: {kind: 'databricks', options: warehouse.options()},
      rows: (table) => warehouse.rows(table),
      close: () => warehouse.close(),
    };
  });
});
