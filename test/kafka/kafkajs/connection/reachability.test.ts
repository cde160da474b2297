import {beforeEach, describe, expect, test} from 'vitest';
import {Latch} from '../../../../src/common/latch.ts';
import {
  BrokerError,
  ConnectionLostError,
} from '../../../../src/kafka/kafkajs/connection/broker-error.ts';
import {Reachability} from '../../../../src/kafka/kafkajs/connection/reachability.ts';
import type {Outage} from '../../../../src/kafka/kafkajs/connection/reachability.ts';
import {ManualClock} from '../../../support/manual-clock.ts';

const START = 1_000_000;
const SECOND = 1000;

describe('Reachability', () => {
  let clock: ManualClock;
  let reachability: Reachability;

  beforeEach(() => {
    clock = new ManualClock(START);
    reachability = new Reachability(clock);
  });

  function lookAfter(ms: number): Outage | undefined {
    clock.advance(ms);
    return reachability.look();
  }

  async function fails(error: Error): Promise<void> {
    const failing = reachability.observe(0, async () => {
      throw error;
    });
    await expect(failing).rejects.toBe(error);
  }

  async function answers(): Promise<void> {
    await reachability.observe(0, async () => 'answer');
  }

  /** What each of `looks` looks finds when `between` happens before each. */
  async function looksWith(between: () => Promise<void>, looks: number) {
    const found: (Outage | undefined)[] = [];
    for (let look = 0; look < looks; look++) {
      await between();
      found.push(lookAfter(SECOND));
    }
    return found;
  }

  const lost = new ConnectionLostError('a:1: connect ECONNREFUSED');

  test('tells an outage after three seconds of nothing but lost requests', async () => {
    const found = await looksWith(() => fails(lost), 4);

    const outage = {since: START, reason: 'a:1: connect ECONNREFUSED'};
    expect(found).toEqual([undefined, undefined, outage, outage]);
  });

  test('tells none while one broker of several answers', async () => {
    const found = await looksWith(async () => {
      await answers();
      await fails(lost);
    }, 10);

    expect(found).toEqual(Array.from({length: 10}));
  });

  test('takes the refusal of a request for an answer', async () => {
    const found = await looksWith(() => fails(new BrokerError(7, 'asking')), 10);

    expect(found).toEqual(Array.from({length: 10}));
  });

  test('tells an outage of brokers that keep their connections and say nothing', async () => {
    void reachability.observe(500, () => new Promise(() => undefined));

    const found = await looksWith(async () => undefined, 5);

    // Within the first look the broker may still wait, as it was asked to.
    expect(found.slice(0, 4)).toEqual([...Array.from({length: 3}), expect.anything()]);
    expect(found[4]).toEqual({since: START + SECOND, reason: 'requests are not answered'});
  });

  test('lets a request wait at the broker for as long as it asks for', async () => {
    void reachability.observe(60 * SECOND, () => new Promise(() => undefined));

    expect(await looksWith(async () => undefined, 60)).toEqual(Array.from({length: 60}));
  });

  test('goes on telling an outage while nothing is asked, and ends it at the next answer', async () => {
    await looksWith(() => fails(lost), 5);

    const quiet = await looksWith(async () => undefined, 3);
    expect(quiet).toEqual(Array.from({length: 3}, () => expect.objectContaining({since: START})));

    await answers();
    expect(lookAfter(SECOND)).toBeUndefined();
  });

  test('counts anew after an answer', async () => {
    await looksWith(() => fails(lost), 2);
    await looksWith(answers, 1);

    const found = await looksWith(() => fails(lost), 3);

    expect(found[1]).toBeUndefined();
    expect(found[2]).toMatchObject({since: START + 3 * SECOND});
  });

  test('does not take the time for which the process itself stood still for an outage', async () => {
    const answer = new Latch();
    const asked = reachability.observe(0, () => answer.wait());

    const found = lookAfter(60 * SECOND);
    answer.wake();
    await asked;

    expect(found).toBeUndefined();
    expect(lookAfter(SECOND)).toBeUndefined();
  });
});
