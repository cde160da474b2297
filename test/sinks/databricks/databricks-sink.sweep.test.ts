import {afterAll, describe} from 'vitest';
import {shareTrust} from '../../support/databricks/shared-trust.ts';
import {FastClock} from '../../support/fast-clock.ts';
import {warehouseFaultSuite} from '../../suites/warehouse-fault-suite.ts';
import {DatabricksWarehouse} from './databricks-warehouse.ts';

describe('Databricks', () => {
  const clock = new FastClock();
  const stopSharing = shareTrust();
  afterAll(() => {
    clock.stop();
    stopSharing();
  });

  warehouseFaultSuite(
    async () => {
      const warehouse = await DatabricksWarehouse.start();
      return {
        faults: warehouse.faults,
        connect: () => warehouse.connect({requestTimeoutMs: 36_000_000}, clock),
        rows: (table) => warehouse.rows(table),
        close: () => warehouse.close(),
      };
    },
    {stalls: ['held', 'commits-late']},
  );
});
