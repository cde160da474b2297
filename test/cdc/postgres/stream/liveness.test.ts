import {describe, expect, test} from 'vitest';
import {
  checkIntervalMs,
  livenessAction,
  livenessTimings,
} from '../../../../src/cdc/postgres/stream/liveness.ts';

describe('livenessTimings', () => {
  test('reports three times within wal_sender_timeout, every ten seconds at least', () => {
    expect(livenessTimings(60_000)).toEqual({statusIntervalMs: 10_000, silenceLimitMs: 120_000});
    expect(livenessTimings(5_000)).toEqual({statusIntervalMs: 1_666, silenceLimitMs: 10_000});
  });

  test('has no limit where the server has none, unless one is given', () => {
    expect(livenessTimings(0)).toEqual({statusIntervalMs: 10_000, silenceLimitMs: 0});
    expect(livenessTimings(0, 5_000).silenceLimitMs).toBe(5_000);
    expect(livenessTimings(60_000, 600_000).silenceLimitMs).toBe(600_000);
  });
});

describe('livenessAction', () => {
  const timings = {statusIntervalMs: 1_000, silenceLimitMs: 6_000};

  test('reports when it is time to', () => {
    expect(livenessAction(timings, 10_999, 10_000, 10_000, false)).toBe('none');
    expect(livenessAction(timings, 11_000, 10_000, 10_000, false)).toBe('status');
  });

  test('gives up a silent connection', () => {
    expect(livenessAction(timings, 15_999, 15_900, 10_000, false)).toBe('none');
    expect(livenessAction(timings, 16_000, 15_900, 10_000, false)).toBe('dead');
  });

  test('does not take its own holding for silence', () => {
    expect(livenessAction(timings, 99_000, 98_900, 10_000, true)).toBe('none');
  });

  test('waits for ever without a limit', () => {
    expect(livenessAction({...timings, silenceLimitMs: 0}, 9e9, 9e9, 0, false)).toBe('none');
  });
});

describe('checkIntervalMs', () => {
  test('looks four times within the shorter interval, once a second at least', () => {
    expect(checkIntervalMs(livenessTimings(60_000))).toBe(1_000);
    expect(checkIntervalMs(livenessTimings(3_000))).toBe(250);
    expect(checkIntervalMs(livenessTimings(60_000, 400))).toBe(100);
  });
});
