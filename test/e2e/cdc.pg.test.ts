import {describe} from 'vitest';
import {cdcSoakSuite} from '../suites/cdc-soak-suite.ts';

describe('the capture of a database under faults of all kinds', () => {
  cdcSoakSuite({seconds: 6, faultEveryMs: 800, reconnects: 4});
});
