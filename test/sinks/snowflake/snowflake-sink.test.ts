import {describe} from 'vitest';
import {warehouseSinkSuite} from '../../suites/warehouse-sink-suite.ts';
import {SnowflakeWarehouse} from './snowflake-warehouse.ts';

describe.each([
  ['rows that go along with the statement', {}],
  ['rows that are copied from a stage', {stageThresholdBytes: 0}],
])('Snowflake, %s', (_, options) => {
  warehouseSinkSuite(async () => {
    const warehouse = await SnowflakeWarehouse.start();
    return {
      connect: () => warehouse.connect(options),
      rows: (table) => warehouse.rows(table),
      close: () => warehouse.close(),
    };
  });
});
