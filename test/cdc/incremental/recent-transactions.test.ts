import {describe, expect, test} from 'vitest';
import {RecentTransactions} from '../../../src/cdc/incremental/recent-transactions.ts';

describe('RecentTransactions', () => {
  test('tells those before a point from those after', () => {
    const recent = new RecentTransactions();
    recent.add(7);
    const point = recent.count;
    recent.add(8);

    expect(recent.includesBefore(point, [6, 7])).toBe(true);
    expect(recent.includesBefore(point, [8])).toBe(false);
    expect(recent.includesBefore(point, [])).toBe(false);
  });

  test('forgets the oldest of many', () => {
    const recent = new RecentTransactions();
    for (let xid = 1; xid <= 9_000; xid++) recent.add(xid);

    expect(recent.includesBefore(recent.count, [1])).toBe(false);
    expect(recent.includesBefore(recent.count, [9_000])).toBe(true);
    expect(recent.includesBefore(recent.count, [809])).toBe(true);
  });
});
