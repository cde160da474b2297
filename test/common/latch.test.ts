import {describe, expect, test} from 'vitest';
import {Latch} from '../../src/common/latch.ts';
import {ManualClock} from '../support/manual-clock.ts';

/** Whether `promise` has settled once pending callbacks had their turn. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await new ManualClock().yield();
  return settled;
}

describe('Latch', () => {
  test('lets its waiter sleep until it wakes', async () => {
    const latch = new Latch();
    const waiting = latch.wait();
    expect(await isSettled(waiting)).toBe(false);

    latch.wake();

    expect(await isSettled(waiting)).toBe(true);
  });

  test('remembers one wake while nobody waits', async () => {
    const latch = new Latch();
    latch.wake();
    latch.wake();

    expect(await isSettled(latch.wait())).toBe(true);
    expect(await isSettled(latch.wait())).toBe(false);
  });

  test('waits no longer than it is told', async () => {
    const latch = new Latch();
    const clock = new ManualClock();
    const waiting = latch.waitFor(20, clock);
    clock.advance(19);
    expect(await isSettled(waiting)).toBe(false);

    clock.advance(1);

    expect(await isSettled(waiting)).toBe(true);
  });

  test('forgets the time it was given once it has woken', async () => {
    const latch = new Latch();
    const clock = new ManualClock();
    const waiting = latch.waitFor(20, clock);
    latch.wake();
    await waiting;
    expect(clock.sleeping).toBe(0);

    clock.advance(20);

    expect(await isSettled(latch.wait())).toBe(false);
  });
});
