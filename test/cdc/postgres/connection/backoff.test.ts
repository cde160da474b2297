import {describe, expect, test} from 'vitest';
import {backoffMs} from '../../../../src/cdc/postgres/connection/backoff.ts';

describe('backoffMs', () => {
  test('doubles from half a second to thirty, half of it random', () => {
    const attempts = [1, 2, 3, 7, 100];

    expect(attempts.map((attempt) => backoffMs(attempt, () => 0))).toEqual([
      250, 500, 1000, 15_000, 15_000,
    ]);
    expect(attempts.map((attempt) => backoffMs(attempt, () => 1))).toEqual([
      500, 1000, 2000, 30_000, 30_000,
    ]);
  });
});
