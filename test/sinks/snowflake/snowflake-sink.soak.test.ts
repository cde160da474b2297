import {createRequire} from 'node:module';
import {afterAll, describe} from 'vitest';
import {warehouseFaultSuite} from '../../suites/warehouse-fault-suite.ts';
import {SnowflakeWarehouse} from './snowflake-warehouse.ts';

const require = createRequire(import.meta.url);
const util = require('snowflake-sdk/dist/lib/util') as {sleep: (ms: number) => Promise<void>};
const {sleep} = util;

/** Every statement with every fault: some ten minutes of one core, so not with every run. */
describe('Snowflake', () => {
  afterAll(() => {
    util.sleep = sleep;
  });

  warehouseFaultSuite(async () => {
    // The driver pauses for seconds before it sends again what was not answered.
    util.sleep = () => Promise.resolve();
    const warehouse = await SnowflakeWarehouse.start();
    return {
      faults: warehouse.server.faults,
      connect: () => warehouse.connect({lockTimeoutMs: 1000}),
      rows: (table) => warehouse.rows(table),
      close: () => warehouse.close(),
    };
  }, 600_000);
});
