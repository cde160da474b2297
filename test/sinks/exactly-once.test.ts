import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {systemClock} from '../../src/common/clock.ts';
import type {Clock} from '../../src/common/clock.ts';
import {RetriableError} from '../../src/common/errors.ts';
import type {ProducerRecord} from '../../src/kafka/client.ts';
import {MemorySink, MemoryWarehouse} from '../support/memory-sink.ts';
import {withProducerFaults} from '../support/producer-faults.ts';
import {until} from '../support/until.ts';
import {SinkHarness, orders} from './sink-harness.ts';

/** Steps of a sink around which its process can die, or lose an answer. */
const steps = [
  'before open',
  'before write',
  'after write',
  'before sending letters',
  'before committing letters',
  'after committing letters',
] as const;

type Step = (typeof steps)[number];

/** Ends a process: nothing retries it. */
class Crash extends Error {
  override readonly name = 'Crash';
}

interface Outcome {
  readonly rows: readonly unknown[];
  readonly letters: readonly string[];
  readonly nextOffset: number | undefined;
}

/** Letters of a batch are written before its rejected rows are known. */
function sorted(outcome: Outcome): Outcome {
  return {...outcome, letters: outcome.letters.toSorted(compare)};
}

const compare = (a: string, b: string): number => (a < b ? -1 : 1);

const letters = [1, 2, 3]
  .flatMap((round) => [`"unreadable${round}"`, `"rejected${round}"`])
  .toSorted(compare);

const expected: Readonly<Record<'append' | 'upsert', Outcome>> = {
  append: {
    rows: [
      ['a1', 'S', 0],
      ['b', 'S1', 2],
      ['a2', 'S', 5],
      ['b', 'S2', 7],
      ['a3', 'S', 10],
      ['b', 'S3', 12],
    ],
    letters,
    nextOffset: 16,
  },
  upsert: {
    rows: [
      ['a2', 'S', 5],
      ['a3', 'S', 10],
      ['b', 'S3', 12],
    ],
    letters,
    nextOffset: 16,
  },
};

function assertCrash(error: unknown): void {
  if (!(error instanceof Crash)) throw error;
}

/** Pauses between attempts are not what is tested here. */
const fastClock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms / 100, signal),
  after: (ms, run) => systemClock.after(ms / 100, run),
};

describe('a sink, whatever happens between two of its steps', () => {
  let harness: SinkHarness;
  let runs = 0;

  beforeAll(async () => {
    harness = await SinkHarness.open();
  });
  afterAll(() => harness.close());

  /** Two good records, an unreadable one, a rejected one and a tombstone; thrice. */
  function records(): readonly ProducerRecord[] {
    return [1, 2, 3].flatMap((round) => [
      harness.record(`a${round}`, {size: 'S'}),
      {...harness.record(`unreadable${round}`), value: Buffer.from('{"plain":"JSON"}')},
      harness.record('b', {size: `S${round}`}),
      {...harness.record(`rejected${round}`), value: Buffer.from('\0\0\0\0\x01{"count":"many"}')},
      harness.record(round === 3 ? 'a1' : 'nothing', null),
    ]);
  }

  /**
   * Runs the sink until it has caught up, starting it again after each crash; `fail` may throw at every step.
   * Returns what is there in the end.
   */
  async function outcome(
    insertMode: 'append' | 'upsert',
    fail: (step: Step) => void,
  ): Promise<Outcome> {
    const run = ++runs;
    const topic = {...orders, name: `orders_${run}`};
    const deadLetterTopic = `dlq_${run}`;
    await harness.kafka.admin.ensureTopics([
      {name: topic.name, partitions: 1, cleanupPolicy: 'delete'},
    ]);
    await harness.produce(records(), {topic: topic.name});
    const warehouse = new MemoryWarehouse();
    const kafka = withProducerFaults(harness.kafka, {
      beforeSend: () => fail('before sending letters'),
      beforeCommit: () => fail('before committing letters'),
      afterCommit: () => fail('after committing letters'),
    });
    const sink = new MemorySink(warehouse, {
      beforeOpen: () => fail('before open'),
      beforeWrite: () => fail('before write'),
      afterWrite: () => fail('after write'),
    });
    const options = {
      topics: [topic],
      insertMode,
      errorsTolerance: 'all',
      deadLetterTopic,
      limits: {batchSize: 4, bufferBytes: 1 << 20, lingerMs: 0},
    } as const;
    for (let isDone = false; !isDone;) {
      const running = harness.run(sink, {options, kafka, clock: fastClock});
      const {connector, done} = running;
      const isDead = (): boolean => connector.status().state === 'failed';
      await until('all is there', () => isDead() || connector.status()['lag'] === 0, 10_000);
      isDone = !isDead();
      await (isDone ? running.stop() : done.catch(assertCrash));
    }
    const kept = await harness.read(deadLetterTopic);
    return {
      rows: warehouse
        .rows(topic.name)
        .map(({order_id, size, _offset}) => [order_id, size, _offset]),
      letters: kept.map(({key}) => String(key)),
      nextOffset: warehouse.watermarks.get(`local/${topic.name}/0`)?.nextOffset,
    };
  }

  describe.each(['append', 'upsert'] as const)('in %s mode', (insertMode) => {
    test('has every row and every letter once when nothing happens', async () => {
      const actual = await outcome(insertMode, () => undefined);

      expect(sorted(actual)).toEqual(expected[insertMode]);
    });

    test.each(steps)('has them once when it dies %s, at any of them', async (step) => {
      let deaths = 0;
      for (let isReached = true; isReached;) {
        isReached = false;
        let count = 0;
        const actual = await outcome(insertMode, (at) => {
          if (at !== step || isReached || ++count <= deaths) return;
          isReached = true;
          throw new Crash(step);
        });
        expect(sorted(actual)).toEqual(expected[insertMode]);
        if (isReached) deaths++;
      }
      expect(deaths).toBeGreaterThan(0);
    });
  });

  test('has them once when every step fails the first two times that it is reached', async () => {
    const failures = new Map<Step, number>();

    const actual = await outcome('append', (step) => {
      const count = (failures.get(step) ?? 0) + 1;
      failures.set(step, count);
      if (count === 1) throw new RetriableError('SINK_UNREACHABLE', `lost ${step}`);
      if (count === 2) throw new Crash(step);
    });

    expect(sorted(actual)).toEqual(expected.append);
    expect(new Set(failures.keys())).toEqual(new Set(steps));
  });
});
