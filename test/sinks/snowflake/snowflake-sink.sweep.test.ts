import {describe} from 'vitest';
import {skipPauses} from '../../support/snowflake/skip-pauses.ts';
import {warehouseFaultSuite} from '../../suites/warehouse-fault-suite.ts';
import {SnowflakeWarehouse} from './snowflake-warehouse.ts';

describe('Snowflake', () => {
  warehouseFaultSuite(async () => {
    const restorePauses = skipPauses();
    const warehouse = await SnowflakeWarehouse.start({stages: 'upload'});
    return {
      faults: warehouse.server.faults,
      connect: () =>
        warehouse.connect({
          lockTimeoutMs: 1000,
          // What hangs is a process that was killed: it must not come back while others are tried.
          statementTimeoutMs: 3_600_000,
          // Batches of one or two rows go along with the statement, larger ones through the stage.
          stageThresholdBytes: 100,
        }),
      rows: (table) => warehouse.rows(table),
      close: async () => {
        restorePauses();
        await warehouse.close();
      },
    };
  });
});
