import {describe} from 'vitest';
import {warehouseFaultSuite} from '../../suites/warehouse-fault-suite.ts';
import {faultySnowflake} from './faulty-snowflake.ts';

/** Each statement has loads of its own in which it fails; `npm test` has many failures in one load. */
describe('Snowflake', () => {
  warehouseFaultSuite(faultySnowflake, {isLong: true, timeout: 600_000});
});
