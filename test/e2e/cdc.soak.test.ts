import {describe} from 'vitest';
import {cdcSoakSuite} from '../suites/cdc-soak-suite.ts';

const minutes = Number(process.env['SOAK_MINUTES'] ?? '10');

describe('the capture of a database under faults of all kinds, for long', () => {
  cdcSoakSuite({seconds: minutes * 60, faultEveryMs: 5_000, reconnects: 40});
});
