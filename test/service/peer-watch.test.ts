import {beforeEach, describe, expect, test} from 'vitest';
import {Conditions} from '../../src/common/conditions.ts';
import {silentLogger} from '../../src/common/logger.ts';
import {PeerWatch} from '../../src/service/peer-watch.ts';
import {ManualClock} from '../support/manual-clock.ts';

const [OWN, OTHER, THIRD] = ['a:8083', 'b:8083', 'c:8083'];

describe('PeerWatch', () => {
  let conditions: Conditions;
  let clock: ManualClock;
  let instances: readonly string[];
  let dead: Set<string>;
  let asked: string[];
  let warned: unknown[];
  let watch: PeerWatch;

  beforeEach(() => {
    clock = new ManualClock();
    conditions = new Conditions();
    instances = [OWN, OTHER, THIRD];
    dead = new Set();
    asked = [];
    warned = [];
    watch = new PeerWatch({
      instances: () => instances,
      own: () => OWN,
      ask: async (server) => {
        asked.push(server);
        return dead.has(server) ? 'connect ECONNREFUSED' : undefined;
      },
      clock,
      logger: {...silentLogger, warn: (told: unknown) => void warned.push(told)},
      conditions,
    });
  });

  async function look(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      clock.advance(1000);
      await watch.look();
    }
  }

  test('asks every instance but its own', async () => {
    await look(1);

    expect(asked).toEqual([OTHER, THIRD]);
    expect(conditions.list()).toEqual([]);
  });

  test('warns from the second look without an answer, once, with the time of the first', async () => {
    dead.add(OTHER);
    await look(1);
    expect(conditions.list()).toEqual([]);
    const since = new Date(clock.now()).toISOString();
    await look(3);

    expect(conditions.list()).toEqual([
      {
        code: 'INSTANCE_UNREACHABLE',
        subject: `instance ${OTHER}`,
        message: expect.stringContaining(`${OTHER} has not answered since ${since} (connect ECONN`),
        severity: 'warning',
      },
    ]);
    expect(warned).toHaveLength(1);
  });

  test('says nothing of one that was late once', async () => {
    dead.add(OTHER);
    await look(1);
    dead.clear();
    await look(1);
    dead.add(OTHER);
    await look(1);

    expect(conditions.list()).toEqual([]);
  });

  test('takes it back when the instance answers', async () => {
    dead.add(OTHER);
    await look(2);
    dead.clear();
    await look(1);

    expect(conditions.list()).toEqual([]);
  });

  test('takes it back when the group goes on without the instance', async () => {
    dead.add(OTHER);
    await look(2);
    instances = [OWN, THIRD];
    await look(1);

    expect(conditions.list()).toEqual([]);
    expect(asked.at(-1)).toBe(THIRD);
  });

  test('looks every second until it is stopped', async () => {
    const stop = new AbortController();
    const running = watch.run(stop.signal);
    await clock.yield();
    expect(watch.status()).toEqual({state: 'running'});
    clock.advance(1000);
    await clock.yield();
    stop.abort();
    await running;

    expect(asked).toEqual([OTHER, THIRD, OTHER, THIRD]);
    expect(watch.status()).toEqual({state: 'stopped'});
  });
});
