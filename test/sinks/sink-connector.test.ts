import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {FatalError, RetriableError, TaskError} from '../../src/common/errors.ts';
import type {ProducerRecord} from '../../src/kafka/client.ts';
import type {SinkBatch} from '../../src/sinks/warehouse-sink.ts';
import {ManualClock} from '../support/manual-clock.ts';
import {MemorySink, MemoryWarehouse} from '../support/memory-sink.ts';
import type {SinkFaults} from '../support/memory-sink.ts';
import {until} from '../support/until.ts';
import {Gate} from '../support/gate.ts';
import {SinkHarness, orders} from './sink-harness.ts';
import type {RunningSink} from './sink-harness.ts';

const WAIT_MS = 5000;
const GROUP = 'test-sink-local';
const unreachable = (): RetriableError => new RetriableError('SINK_UNREACHABLE', 'no answer');

function caughtUp({connector}: RunningSink): Promise<void> {
  return until('it has caught up', () => connector.status()['lag'] === 0, WAIT_MS);
}

function codes({conditions}: RunningSink): readonly string[] {
  return conditions.list().map(({code}) => code);
}

function partitionsOf({connector}: RunningSink): readonly string[] {
  return Object.keys(connector.status()['partitions'] as object);
}

describe('SinkConnector', () => {
  let harness: SinkHarness;
  let warehouse: MemoryWarehouse;
  let gates: Gate[];

  beforeEach(async () => {
    harness = await SinkHarness.open();
    warehouse = new MemoryWarehouse();
    gates = [];
  });
  afterEach(async () => {
    for (const gate of gates) gate.open();
    await harness.close();
  });

  /** A gate that the test need not open. */
  function shutGate(): Gate {
    const gate = new Gate();
    gate.shut();
    gates.push(gate);
    return gate;
  }

  const sink = (faults: SinkFaults = {}): MemorySink => new MemorySink(warehouse, faults);
  const stored = (): readonly unknown[] => warehouse.rows('orders').map(({order_id}) => order_id);
  const watermark = (partition = 0): number | undefined =>
    warehouse.watermarks.get(`local/orders/${partition}`)?.nextOffset;

  async function produce(...ids: readonly string[]): Promise<void> {
    await harness.produce(ids.map((id) => harness.record(id)));
  }

  async function produceBoth(id: string): Promise<void> {
    await harness.produce([harness.record(`${id}-0`)], {partition: 0});
    await harness.produce([harness.record(`${id}-1`)], {partition: 1});
  }

  const sized = (): readonly unknown[] =>
    warehouse.rows('orders').map(({order_id, size}) => [order_id, size]);

  const skipped = (): number =>
    harness.metrics.counter('millrace_skipped_records_total', {topic: 'orders'});

  async function letters(): Promise<readonly (readonly unknown[])[]> {
    return (await harness.read('dlq')).map(({key, value, headers}) => {
      const header = (name: string): string =>
        String(headers.find((some) => some.key === `__connect.errors.${name}`)?.value);
      return [String(key), String(value), header('offset'), header('stage')];
    });
  }

  test('brings what is there and what comes, and says how far it is', async () => {
    await produce('o1', 'o2');
    const running = harness.run(sink());
    await caughtUp(running);
    await produce('o3');
    await until('the third is there', () => stored().length === 3, WAIT_MS);
    await caughtUp(running);

    expect(stored()).toEqual(['o1', 'o2', 'o3']);
    expect(running.connector.name).toBe('sink local');
    expect(running.connector.status()).toEqual({
      state: 'running',
      rowsWritten: 3,
      lag: 0,
      partitions: {'orders-0': {nextOffset: 5, rowsWritten: 3, lag: 0}},
    });
    await running.stop();
    expect(running.connector.status().state).toBe('stopped');
  });

  test('counts rows and batches by sink and topic', async () => {
    await produce('o1', 'o2');

    await caughtUp(harness.run(sink()));

    const labels = {sink: 'local', topic: 'orders'};
    expect(harness.metrics.counter('millrace_sink_rows_total', labels)).toBe(2);
    expect(harness.metrics.counter('millrace_sink_batches_total', labels)).toBe(1);
  });

  test("resumes at the warehouse's watermark", async () => {
    await produce('o1', 'o2');
    const first = harness.run(sink());
    await caughtUp(first);
    await first.stop();
    await produce('o3');

    const batches: SinkBatch[] = [];
    await caughtUp(harness.run(sink({beforeWrite: (batch) => void batches.push(batch)})));

    expect(batches.map(({startOffset}) => startOffset)).toEqual([3]);
    expect(stored()).toEqual(['o1', 'o2', 'o3']);
  });

  test.each([
    ['behind', 0],
    ['ahead of', 4],
  ])(
    'sink checks 4, 5: pays no heed to a group offset that is %s the watermark',
    async (_, offset) => {
      await produce('o1', 'o2');
      const first = harness.run(sink());
      await caughtUp(first);
      await first.stop();
      await produce('o3', 'o4');
      const producer = harness.kafka.transactionalProducer('operator');
      await producer.init();
      producer.begin();
      await producer.sendOffsets({groupId: GROUP, generationId: -1, memberId: ''}, [
        {topic: 'orders', partition: 0, offset},
      ]);
      await producer.commit();

      await caughtUp(harness.run(sink()));

      expect(stored()).toEqual(['o1', 'o2', 'o3', 'o4']);
    },
  );

  test('stops where the log does not reach the watermark', async () => {
    await sink()
      .open({
        sink: 'local',
        topic: 'orders',
        topicId: (await harness.kafka.admin.describeTopics(['orders']))[0]?.topicId ?? '',
        partition: 0,
        table: {name: 'orders', columns: []},
        insertMode: 'append',
        autoCreate: true,
        autoEvolve: 'evolve',
      })
      .then((partition) => partition.write({rows: [], startOffset: 0, nextOffset: 100}));

    const {done, connector} = harness.run(sink());

    await expect(done).rejects.toBeInstanceOf(FatalError);
    await expect(done).rejects.toMatchObject({code: 'KAFKA_OFFSET_OUT_OF_RANGE'});
    expect(connector.status()).toMatchObject({state: 'failed', lag: null});
  });

  test('sink check 25: stops where the topic is another one of the same name', async () => {
    await produce('o1');
    const first = harness.run(sink());
    await caughtUp(first);
    await first.stop();
    await harness.kafka.admin.deleteTopics(['orders']);
    await harness.kafka.admin.ensureTopics([
      {name: 'orders', partitions: 1, cleanupPolicy: 'delete'},
    ]);

    await expect(harness.run(sink()).done).rejects.toMatchObject({code: 'SINK_OFFSET_MISMATCH'});
  });

  describe('while the warehouse fails', () => {
    /** How often the warehouse was tried. */
    let attempts: number;
    let clock: ManualClock;
    let running: RunningSink;
    /** The conditions while the batch was being written that succeeded. */
    let held: readonly string[];

    /** A connector whose warehouse fails so many times. */
    async function runFailing(times: number): Promise<void> {
      attempts = 0;
      clock = new ManualClock();
      const fail = (): void => {
        if (attempts++ < times) throw unreachable();
      };
      const afterWrite = (): void => {
        held = codes(running);
      };
      running = harness.run(sink({beforeWrite: fail, afterWrite}), {clock});
      await produce('o1', 'o2');
    }

    const pausing = (attempt: number): Promise<void> =>
      until(
        `attempt ${attempt} has failed`,
        () => attempts === attempt && clock.sleeping === 1,
        WAIT_MS,
      );

    test('tries again after ever longer pauses', async () => {
      await runFailing(4);

      for (const [attempt, pause] of [500, 1000, 2000, 4000].entries()) {
        await pausing(attempt + 1);
        clock.advance(pause - 1);
        await clock.yield();
        expect(attempts).toBe(attempt + 1);
        clock.advance(1);
      }
      await caughtUp(running);

      expect(attempts).toBe(5);
      expect(stored()).toEqual(['o1', 'o2']);
    });

    test('sink check 24: raises a condition that holds until a batch is written', async () => {
      await runFailing(2);
      await pausing(1);
      expect(running.conditions.list()).toEqual([
        {code: 'SINK_UNREACHABLE', subject: 'sink local', message: 'no answer'},
      ]);
      expect(running.connector.status()).toMatchObject({state: 'retrying', lag: null});
      clock.advance(500);
      await pausing(2);
      expect(codes(running)).toEqual(['SINK_UNREACHABLE']);
      clock.advance(1000);
      await caughtUp(running);

      expect(held).toEqual(['SINK_UNREACHABLE']);
      expect(codes(running)).toEqual([]);
    });

    test('begins with the shortest pause again after a success', async () => {
      await runFailing(2);
      await pausing(1);
      clock.advance(500);
      await pausing(2);
      clock.advance(1000);
      await caughtUp(running);
      attempts = 0;

      await produce('o3');
      await pausing(1);
      clock.advance(500);
      await pausing(2);
      clock.advance(1000);
      await until('all is there', () => stored().length === 3, WAIT_MS);

      expect(clock.now()).toBe(new ManualClock().now() + 2 * (500 + 1000));
    });

    test('sink check 6: does not write a batch again whose answer was lost', async () => {
      let lost = 0;
      clock = new ManualClock();
      const afterWrite = (): void => {
        if (lost++ === 0) throw unreachable();
      };
      running = harness.run(sink({afterWrite}), {clock});
      await produce('o1', 'o2');
      await until('the answer is lost', () => clock.sleeping === 1, WAIT_MS);

      clock.advance(500);
      await caughtUp(running);

      expect(stored()).toEqual(['o1', 'o2']);
      expect(codes(running)).toEqual([]);
    });

    test('opens the partitions again until that works, too', async () => {
      let opened = 0;
      clock = new ManualClock();
      const beforeOpen = (): void => {
        if (opened++ < 2) throw unreachable();
      };
      running = harness.run(sink({beforeOpen}), {clock});
      for (const pause of [500, 1000]) {
        await until('it pauses', () => clock.sleeping === 1, WAIT_MS);
        expect(codes(running)).toEqual(['SINK_UNREACHABLE']);
        clock.advance(pause);
        await until('it goes on', () => clock.sleeping === 0 || opened === 3, WAIT_MS);
      }
      await caughtUp(running);

      expect(codes(running)).toEqual([]);
    });

    test('stops at once when it is told to', async () => {
      await runFailing(Infinity);
      await pausing(1);

      await running.stop();

      expect(running.connector.status().state).toBe('stopped');
    });
  });

  test('stops at an error that no retry can heal', async () => {
    const mismatch = new FatalError('SINK_TABLE_MISMATCH', 'alter it');
    const failing = {open: () => Promise.reject(mismatch), close: () => Promise.resolve()};

    const {done, connector} = harness.run(failing);

    await expect(done).rejects.toThrow('alter it');
    expect(connector.status().state).toBe('failed');
  });

  test('clears its condition only once every partition gets on', async () => {
    await harness.close();
    harness = await SinkHarness.open(2);
    const clock = new ManualClock();
    let failures = 0;
    const beforeWrite = ({rows: [row]}: SinkBatch): void => {
      if (row?.value?.includes('poison') === true && failures++ < 3) throw unreachable();
    };
    await harness.produce([harness.record('poison')], {partition: 1});
    const running = harness.run(sink({beforeWrite}), {clock});
    for (const pause of [500, 1000, 2000]) {
      await until('it pauses', () => clock.sleeping === 1, WAIT_MS);
      expect(codes(running)).toEqual(['SINK_UNREACHABLE']);
      await harness.produce([harness.record(`after ${pause}`)], {partition: 0});
      clock.advance(pause);
      await until('it goes on', () => clock.sleeping === 0, WAIT_MS);
    }
    await caughtUp(running);

    expect(failures).toBe(4);
    expect(codes(running)).toEqual([]);
    expect(stored().length).toBe(4);
  });

  describe('with another writer of its partitions', () => {
    test('sink check 7: a stale one writes nothing more once it wakes up, and takes its place again', async () => {
      await produce('o1');
      const gate = shutGate();
      let held = 0;
      const stale = harness.run(
        sink({
          beforeWrite: () => {
            held++;
            return held === 1 ? gate.pass() : undefined;
          },
        }),
      );
      await until('its write hangs', () => gate.waiting === 1, WAIT_MS);
      const other = harness.run(sink(), {options: {applicationId: 'other'}});
      await until('the other one has written', () => stored().length === 1, WAIT_MS);
      await other.stop();

      gate.open();
      await until('it knows', () => codes(stale).includes('SINK_FENCED'), WAIT_MS);
      await produce('o2');
      await until('it goes on', () => stored().length === 2, WAIT_MS);
      await caughtUp(stale);

      expect(stored()).toEqual(['o1', 'o2']);
      expect(codes(stale)).toEqual([]);
    });

    test('two that fence each other write every row once', async () => {
      const running = [
        harness.run(sink()),
        harness.run(sink(), {options: {applicationId: 'other'}}),
      ];
      for (let i = 0; i < 30; i++) await produce(`o${i}`);
      await until('all is there', () => stored().length >= 30, WAIT_MS);
      for (const one of running) await one.stop();

      expect(stored()).toEqual(Array.from({length: 30}, (_, i) => `o${i}`));
    });
  });

  describe('in a group', () => {
    beforeEach(async () => {
      await harness.close();
      harness = await SinkHarness.open(2);
    });

    test('shares the partitions, and takes over those of one that leaves', async () => {
      const first = harness.run(sink());
      await produceBoth('a');
      await until('all is there', () => stored().length === 2, WAIT_MS);
      const second = harness.run(sink());
      await until(
        'each has one',
        () => partitionsOf(first).length === 1 && partitionsOf(second).length === 1,
        WAIT_MS,
      );
      await produceBoth('b');
      await until('all is there', () => stored().length === 4, WAIT_MS);
      await first.stop();
      await produceBoth('c');
      await until('all is there', () => stored().length === 6, WAIT_MS);

      expect(partitionsOf(second)).toEqual(['orders-0', 'orders-1']);
      expect(stored().length).toBe(6);
      expect(new Set(stored())).toEqual(new Set(['a-0', 'a-1', 'b-0', 'b-1', 'c-0', 'c-1']));
    });

    test('adds up rows and lag of its partitions', async () => {
      const gate = shutGate();
      let isShut = false;
      const beforeWrite = (): Promise<void> | undefined => (isShut ? gate.pass() : undefined);
      const running = harness.run(sink({beforeWrite}));
      await caughtUp(running);
      await produceBoth('a');
      await until('all is there', () => stored().length === 2, WAIT_MS);
      await caughtUp(running);
      isShut = true;
      await produceBoth('b');
      await until('two writes hang', () => gate.waiting === 2, WAIT_MS);

      expect(running.connector.status()).toMatchObject({rowsWritten: 2, lag: 4});
    });

    test('runs without a partition, and lags behind nothing', async () => {
      const all = [harness.run(sink()), harness.run(sink()), harness.run(sink())];
      await until(
        'the partitions are shared, and one has none',
        () =>
          all.map((one) => partitionsOf(one).length).reduce((a, b) => a + b) === 2 &&
          all.some((one) => partitionsOf(one).length === 0),
        WAIT_MS,
      );

      const idle = all.find((one) => partitionsOf(one).length === 0) as RunningSink;
      await until('it runs', () => idle.connector.status().state === 'running', WAIT_MS);
      expect(idle.connector.status()['lag']).toBe(0);
    });
  });

  describe('without its topic', () => {
    test('waits for the topic, and creates none', async () => {
      const topics = [{...orders, name: 'late'}];
      const running = harness.run(sink(), {options: {topics}});
      const {admin} = harness.kafka;
      expect(running.connector.status()).toMatchObject({state: 'starting', lag: null});
      await admin.ensureTopics([{name: 'late', partitions: 1, cleanupPolicy: 'compact'}]);
      await harness.produce([harness.record('o1')], {topic: 'late'});

      await until('the row is there', () => warehouse.rows('late').length === 1, WAIT_MS);

      expect(codes(running)).toEqual([]);
    });

    test('tells when it does not come, and goes on when it does', async () => {
      const clock = new ManualClock();
      const topics = [{...orders, name: 'late'}];
      const running = harness.run(sink(), {options: {topics}, clock});
      for (let i = 0; i < 50; i++) {
        await until('it waits', () => clock.sleeping === 1, WAIT_MS);
        expect(codes(running)).toEqual([]);
        clock.advance(100);
        await clock.yield();
      }
      await until('it tells', () => codes(running).length > 0, WAIT_MS);
      expect(running.conditions.list()).toMatchObject([
        {code: 'KAFKA_TOPIC_MISSING', message: expect.stringContaining('late') as string},
      ]);
      await harness.kafka.admin.ensureTopics([
        {name: 'late', partitions: 1, cleanupPolicy: 'delete'},
      ]);

      clock.advance(500);
      await caughtUp(running);

      expect(codes(running)).toEqual([]);
    });
  });

  describe('under load', () => {
    test('tells of a batch that takes half a minute, until it is written', async () => {
      const clock = new ManualClock();
      const gate = shutGate();
      const running = harness.run(sink({beforeWrite: () => gate.pass()}), {clock});
      await produce('o1');
      await until('its write hangs', () => gate.waiting === 1, WAIT_MS);
      clock.advance(29_000);
      expect(codes(running)).toEqual([]);

      clock.advance(6000);
      expect(running.conditions.list()).toMatchObject([
        {code: 'SINK_BACKPRESSURE', message: expect.stringContaining('35 s') as string},
      ]);
      gate.open();
      await caughtUp(running);
      clock.advance(5000);

      expect(codes(running)).toEqual([]);
    });

    test('sink check 23: gives up on a batch that hangs, 5 s after it was told to stop', async () => {
      const clock = new ManualClock();
      const gate = shutGate();
      const running = harness.run(sink({beforeWrite: () => gate.pass()}), {clock});
      await produce('o1');
      await until('its write hangs', () => gate.waiting === 1, WAIT_MS);

      const stopped = running.stop();
      await until('it waits', () => clock.sleeping === 1, WAIT_MS);
      clock.advance(4999);
      expect(running.connector.status().state).not.toBe('stopped');
      clock.advance(1);
      await stopped;

      expect(running.connector.status().state).toBe('stopped');
    });

    test('leaves no timer behind', async () => {
      const clock = new ManualClock();
      const running = harness.run(sink(), {clock});
      await caughtUp(running);

      await running.stop();

      expect(clock.sleeping).toBe(0);
    });
  });

  describe('in upsert mode', () => {
    const options = {insertMode: 'upsert'} as const;
    test('keeps one row per key, and deletes with a tombstone', async () => {
      await harness.produce([
        harness.record('o1', {size: 'S'}),
        harness.record('o2', {size: 'S'}),
        harness.record('o1', {size: 'M'}),
        harness.record('o2', null),
      ]);

      await caughtUp(harness.run(sink(), {options}));

      expect(sized()).toEqual([['o1', 'M']]);
    });

    test('sink check 13: counts tombstones instead where deletes are off', async () => {
      await harness.produce([harness.record('o1', {size: 'S'}), harness.record('o1', null)]);

      await caughtUp(harness.run(sink(), {options: {...options, deleteEnabled: false}}));

      expect(sized()).toEqual([['o1', 'S']]);
      const labels = {sink: 'local', topic: 'orders'};
      expect(harness.metrics.counter('millrace_sink_skipped_tombstones_total', labels)).toBe(1);
      expect(watermark()).toBe(3);
    });
  });

  describe('under errors.tolerance', () => {
    const options = {errorsTolerance: 'all', deadLetterTopic: 'dlq'} as const;
    let records: readonly ProducerRecord[];

    beforeEach(() => {
      records = [
        harness.record('o1'),
        {...harness.record('unreadable'), value: Buffer.from('{"plain":"JSON"}')},
        harness.record('o2'),
        {...harness.record('rejected'), value: Buffer.from('\0\0\0\0\x01{"count":"many"}')},
        harness.record('o3'),
      ];
    });

    test('sink check 19: none stops at the first bad record, and at it again', async () => {
      await harness.produce(records);

      for (let start = 0; start < 2; start++) {
        const {done} = harness.run(sink());
        await expect(done).rejects.toMatchObject({
          code: 'RECORD_UNREADABLE',
          message: expect.stringContaining('orders-0@1') as string,
        });
        expect(stored()).toEqual(['o1']);
      }

      expect(skipped()).toBe(0);
    });

    test('sink check 17: all skips bad records, counts them, and keeps them in the dead letter topic', async () => {
      await harness.produce(records);

      await caughtUp(harness.run(sink(), {options}));

      expect(stored()).toEqual(['o1', 'o2', 'o3']);
      expect(skipped()).toBe(2);
      expect(await letters()).toEqual([
        ['"unreadable"', '{"plain":"JSON"}', '1', 'VALUE_CONVERTER'],
        ['"rejected"', '\0\0\0\0\x01{"count":"many"}', '3', 'TASK_PUT'],
      ]);
    });

    test('all counts them also without a dead letter topic', async () => {
      await harness.produce(records);

      await caughtUp(harness.run(sink(), {options: {errorsTolerance: 'all'}}));

      expect(stored()).toEqual(['o1', 'o2', 'o3']);
      expect(skipped()).toBe(2);
    });

    test('all uses a dead letter topic as it is', async () => {
      await harness.kafka.admin.ensureTopics([
        {name: 'dlq', partitions: 3, cleanupPolicy: 'compact'},
      ]);
      await harness.produce(records);

      await caughtUp(harness.run(sink(), {options}));

      const all = await Promise.all([0, 1, 2].map((partition) => harness.read('dlq', partition)));
      expect(all.flat().length).toBe(2);
    });
  });

  test('retries what the group or the log refuses for now', async () => {
    const clock = new ManualClock();
    let failures = 0;
    const beforeOpen = (): void => {
      if (failures++ === 0) throw new TaskError('KAFKA_ILLEGAL_GENERATION', 'join again');
    };
    const running = harness.run(sink({beforeOpen}), {clock});
    await until('it pauses', () => clock.sleeping === 1, WAIT_MS);
    expect(codes(running)).toEqual(['KAFKA_ILLEGAL_GENERATION']);

    clock.advance(500);

    await caughtUp(running);
  });
});
