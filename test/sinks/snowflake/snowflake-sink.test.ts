import {describe} from 'vitest';
import {sinkValuesSuite} from '../../suites/sink-values-suite.ts';
import {warehouseSinkSuite} from '../../suites/warehouse-sink-suite.ts';
import type {WarehouseUnderTest} from '../../suites/warehouse-sink-suite.ts';
import {SnowflakeWarehouse} from './snowflake-warehouse.ts';

describe.each([
  ['rows that go along with the statement', {}, 'copy'],
  ['rows that are copied from a stage', {stageThresholdBytes: 0}, 'copy'],
  ['rows that are sent to a signed URL of a stage', {stageThresholdBytes: 0}, 'upload'],
] as const)('Snowflake, %s', (_, options, stages) => {
  const open = async (): Promise<WarehouseUnderTest> => {
    const warehouse = await SnowflakeWarehouse.start({stages});
    return {
      connect: () => warehouse.connect(options),
      rows: (table) => warehouse.rows(table),
      close: () => warehouse.close(),
    };
  };
  warehouseSinkSuite(open);
  sinkValuesSuite(open);
});
