import {describe} from 'vitest';
import {sinkKillSuite} from '../../suites/sink-kill-suite.ts';
import {SnowflakeWarehouse} from './snowflake-warehouse.ts';

describe('Snowflake', () => {
  sinkKillSuite(async () => {
    const warehouse = await SnowflakeWarehouse.start({stages: 'upload'});
    return {
      faults: warehouse.server.faults,
      // Some batches go along with the statement, others through the stage.
      settings: {
        kind: 'snowflake',
        options: warehouse.options({stageThresholdBytes: 10_000, lockTimeoutMs: 2000}),
      },
      rows: (table) => warehouse.rows(table),
      close: () => warehouse.close(),
    };
  });
});
