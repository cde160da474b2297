import {describe} from 'vitest';
import {warehouseFaultSuite} from '../../suites/warehouse-fault-suite.ts';
import {faultySnowflake} from './faulty-snowflake.ts';

describe('Snowflake', () => {
  warehouseFaultSuite(faultySnowflake);
});
