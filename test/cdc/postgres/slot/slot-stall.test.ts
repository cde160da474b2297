import {describe, expect, test} from 'vitest';
import {stallOf, stallState} from '../../../../src/cdc/postgres/slot/slot-stall.ts';
import type {StallState} from '../../../../src/cdc/postgres/slot/slot-stall.ts';

const limitMs = 60_000;

/** Looks at `[seconds, walEnd, received, confirmed]` one after another; what is stalled at the last. */
function stalled(...looks: readonly (readonly [number, bigint, bigint, bigint])[]): unknown {
  let state: StallState | undefined;
  let stall: unknown;
  for (const [seconds, walEnd, received, confirmed] of looks) {
    const progress = {now: seconds * 1000, walEnd, received, confirmed};
    state = stallState(state, progress);
    stall = stallOf(state, progress, limitMs);
  }
  return stall;
}

describe('stallOf', () => {
  test('waits for the limit from the first look at which something waited', () => {
    expect(stalled([0, 1000n, 100n, 100n], [59, 9000n, 100n, 100n])).toBeUndefined();
    expect(stalled([0, 1000n, 100n, 100n], [60, 9000n, 100n, 100n])).toEqual({
      kind: 'received',
      forMs: 60_000,
      bytes: 8900n,
    });
  });

  test('tells that what comes does not become durable', () => {
    expect(stalled([0, 1000n, 500n, 100n], [60, 9000n, 8000n, 100n])).toEqual({
      kind: 'confirmed',
      forMs: 60_000,
      bytes: 8900n,
    });
  });

  test('starts anew with every move', () => {
    expect(
      stalled([0, 1000n, 100n, 100n], [50, 1000n, 101n, 101n], [109, 9000n, 101n, 101n]),
    ).toBeUndefined();
  });

  test('takes no idle server for a stall, nor one that was idle for the time before', () => {
    const idle = [0, 1000n, 1000n, 1000n] as const;

    expect(stalled(idle, [600, 1000n, 1000n, 1000n])).toBeUndefined();
    // A page header more.
    expect(stalled(idle, [600, 1040n, 1000n, 1000n])).toBeUndefined();
    expect(stalled(idle, [600, 1000n, 1000n, 1000n], [630, 9000n, 1000n, 1000n])).toBeUndefined();
  });
});
