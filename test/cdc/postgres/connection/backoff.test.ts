import {describe, expect, test} from 'vitest';
import {backoffMs} from '../../../../src/cdc/postgres/connection/backoff.ts';

describe('backoffMs', () => {
  test('doubles from half a second to five, half of it random', () => {
    const attempts = [1, 2, 3, 7, 100];

    expect(attempts.map((attempt) => backoffMs(attempt, () => 0))).toEqual([
      250, 500, 1000, 2500, 2500,
    ]);
    expect(attempts.map((attempt) => backoffMs(attempt, () => 1))).toEqual([
      500, 1000, 2000, 5000, 5000,
    ]);
  });
});
