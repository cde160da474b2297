import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {FatalError, RetriableError} from '../../src/common/errors.ts';
import type {FetchedPartition, Fetcher, KafkaClient} from '../../src/kafka/client.ts';
import type {DeadLetterQueue} from '../../src/sinks/dead-letter-queue.ts';
import {RecordConverter} from '../../src/sinks/record-converter.ts';
import {SinkTask} from '../../src/sinks/sink-task.ts';
import type {SinkTaskOptions} from '../../src/sinks/sink-task.ts';
import {tableDefinition} from '../../src/sinks/table-definition.ts';
import type {SinkBatch, SinkSource} from '../../src/sinks/warehouse-sink.ts';
import {ManualClock} from '../support/manual-clock.ts';
import {MemorySink, MemoryWarehouse} from '../support/memory-sink.ts';
import {until} from '../support/until.ts';
import {Gate} from '../support/gate.ts';
import {SinkHarness, orders} from './sink-harness.ts';

const source: SinkSource = {
  sink: 'local',
  topic: 'orders',
  topicId: 'topic-1',
  partition: 0,
  table: tableDefinition(orders),
  insertMode: 'append',
  autoCreate: true,
  autoEvolve: 'evolve',
};

const WAIT_MS = 5000;

describe('SinkTask', () => {
  let harness: SinkHarness;
  let warehouse: MemoryWarehouse;
  let clock: ManualClock;
  let end: AbortController;
  let running: Promise<void> | undefined;
  /** Held before each write. */
  let gate: Gate;
  let batches: SinkBatch[];
  let progress: number[];
  /** Answers of polls, as they were handed over; `beforePoll` may hold or fail them. */
  let answers: FetchedPartition[];
  let beforePoll: () => void | Promise<void>;

  beforeEach(async () => {
    harness = await SinkHarness.open();
    warehouse = new MemoryWarehouse();
    clock = new ManualClock();
    end = new AbortController();
    running = undefined;
    gate = new Gate();
    batches = [];
    progress = [];
    answers = [];
    beforePoll = () => undefined;
  });
  afterEach(async () => {
    gate.open();
    end.abort();
    await running?.catch(() => undefined);
    await harness.close();
  });

  function task(rest: Partial<SinkTaskOptions> = {}): SinkTask {
    const faults = {
      beforeWrite: async (batch: SinkBatch) => {
        batches.push(batch);
        await gate.pass();
      },
    };
    const made = new SinkTask({
      source,
      converter: new RecordConverter(
        {topic: orders, insertMode: 'append', deletes: true, keepsRecords: false},
        harness.serdes,
      ),
      limits: {batchSize: 1000, bufferBytes: 1 << 20, lingerMs: 0},
      tolerance: 'none',
      deadLetters: undefined,
      kafka: observed(harness.kafka),
      sink: new MemorySink(warehouse, faults),
      clock,
      metrics: harness.metrics,
      onProgress: (rows) => progress.push(rows),
      ...rest,
    });
    running = made.run(end.signal);
    // A test that expects the failure awaits it.
    running.catch(() => undefined);
    return made;
  }

  function observed(kafka: KafkaClient): KafkaClient {
    return {
      admin: kafka.admin,
      transactionalProducer: (id) => kafka.transactionalProducer(id),
      groupMember: (options) => kafka.groupMember(options),
      close: () => kafka.close(),
      fetcher: (options) => {
        const fetcher = kafka.fetcher(options);
        const poll: Fetcher['poll'] = async (maxWaitMs, signal) => {
          await beforePoll();
          const polled = await fetcher.poll(maxWaitMs, signal);
          answers.push(...polled);
          return polled;
        };
        return Object.assign(Object.create(fetcher) as Fetcher, {
          assign: fetcher.assign.bind(fetcher),
          close: () => fetcher.close(),
          poll,
        });
      },
    };
  }

  /** Orders in transactions of one, so that answers can end behind any. */
  async function produceOneByOne(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await harness.produce([harness.record(`o${i}`)]);
  }

  const sizes = (): readonly number[] => batches.map(({rows}) => rows.length);
  const stored = (): readonly unknown[] => warehouse.rows('orders').map(({order_id}) => order_id);
  const read = (): number => answers.reduce((sum, {records}) => sum + records.length, 0);

  function rowsArrive(count: number): Promise<void> {
    return until(`${count} rows are stored`, () => stored().length >= count, WAIT_MS);
  }

  test.each([
    ['without headers where nobody keeps any', undefined, 0],
    ['with its headers where a dead letter would keep them', {write: async () => 0}, 1],
  ])('reads a record %s', async (_, deadLetters, count) => {
    const headers = [{key: 'h', value: Buffer.from('x')}];
    await harness.produce([{...harness.record('o1'), headers}]);

    task({deadLetters: deadLetters as DeadLetterQueue | undefined});
    await rowsArrive(1);

    expect(answers.flatMap(({records}) => records).map((each) => each.headers.length)).toEqual([
      count,
    ]);
  });

  describe('batches', () => {
    test('hold at once what has arrived, and then what came while they were written', async () => {
      gate.shut();
      await harness.produce([harness.record('o1')]);
      task();
      await until('the first batch is being written', () => gate.waiting === 1, WAIT_MS);
      await harness.produce([harness.record('o2'), harness.record('o3')]);
      await harness.produce([harness.record('o4')]);
      await until('all is read', () => read() === 4, WAIT_MS);

      gate.open();
      await rowsArrive(4);

      expect(sizes()).toEqual([1, 3]);
      expect(stored()).toEqual(['o1', 'o2', 'o3', 'o4']);
    });

    test('sink check 22: have no more rows than batch.size', async () => {
      await harness.produce(Array.from({length: 8}, (_, i) => harness.record(`o${i}`)));

      task({limits: {batchSize: 3, bufferBytes: 1 << 20, lingerMs: 0}});
      await rowsArrive(8);

      expect(sizes()).toEqual([3, 3, 2]);
    });

    test('sink check 22: have no more bytes than buffer.bytes', async () => {
      const record = harness.record('o', {size: 'x'.repeat(400)});
      await harness.produce(Array.from({length: 5}, () => record));

      task({limits: {batchSize: 1000, bufferBytes: 1024, lingerMs: 1000}});
      await rowsArrive(4);
      clock.advance(1000);
      await rowsArrive(5);

      expect(sizes()).toEqual([2, 2, 1]);
    });

    test('sink check 22: wait for more until the oldest row is linger.ms old', async () => {
      task({limits: {batchSize: 1000, bufferBytes: 1 << 20, lingerMs: 1000}});
      await harness.produce([harness.record('o1')]);
      await until('the first row waits', () => clock.sleeping === 1, WAIT_MS);
      clock.advance(600);
      await harness.produce([harness.record('o2')]);
      await until('the second row is read', () => read() === 2, WAIT_MS);
      clock.advance(399);
      await clock.yield();
      expect(batches).toEqual([]);

      await until('it waits on', () => clock.sleeping === 1, WAIT_MS);
      clock.advance(1);
      await rowsArrive(2);

      expect(sizes()).toEqual([2]);
    });

    test('do not wait once they are full', async () => {
      task({limits: {batchSize: 2, bufferBytes: 1 << 20, lingerMs: 1_000_000}});

      await harness.produce([harness.record('o1'), harness.record('o2')]);
      await rowsArrive(2);

      expect(clock.now()).toBe(new ManualClock().now());
    });

    test('carry the watermark past transaction markers', async () => {
      const started = task();
      await produceOneByOne(3);
      await rowsArrive(3);

      await until('the watermark is at the end', () => started.status().nextOffset === 6, WAIT_MS);
      expect(batches.every(({rows}) => rows.length > 0)).toBe(true);
    });

    test('sink check 22: are not written while nothing arrives', async () => {
      await produceOneByOne(1);
      task();
      await rowsArrive(1);
      const polls = answers.length;

      // The fetcher asks again after a second by its own clock; an aborted transaction comes sooner.
      const producer = harness.kafka.transactionalProducer('other');
      await producer.init();
      producer.begin();
      await producer.send([{topic: 'orders', partition: 0, records: [harness.record('x')]}]);
      await until('the fetcher has answered', () => answers.length > polls, WAIT_MS);

      expect(batches.length).toBe(1);
      await producer.abort();
      await until('the watermark has moved', () => batches.length === 2, WAIT_MS);
      expect(batches[1]?.rows).toEqual([]);
    });
  });

  test('sink check 24: reads one batch ahead of a slow warehouse, and no further', async () => {
    gate.shut();
    await produceOneByOne(40);
    task({limits: {batchSize: 5, bufferBytes: 100, lingerMs: 0}});
    await until('a batch is being written', () => gate.waiting === 1, WAIT_MS);
    const inFlight = sizes()[0] ?? 0;
    await until('the next one has been read', () => read() >= inFlight + 2, WAIT_MS);
    for (let i = 0; i < 50; i++) await clock.yield();

    const longestAnswer = Math.max(...answers.map(({records}) => records.length));
    expect(read()).toBeLessThanOrEqual(inFlight + 5 + longestAnswer);
    expect(read()).toBeLessThan(20);

    gate.open();
    await rowsArrive(40);
    expect(stored().length).toBe(40);
  });

  describe('its status', () => {
    test('has no lag before the first answer', async () => {
      const polls = new Gate();
      polls.shut();
      beforePoll = () => polls.pass();
      const started = task();
      await until('it polls', () => polls.waiting === 1, WAIT_MS);

      expect(started.status()).toEqual({nextOffset: 0, rowsWritten: 0, lag: null});
      polls.open();

      await until('it knows', () => started.status().lag === 0, WAIT_MS);
    });

    test('has no offset before the warehouse is open', () => {
      expect(task().status()).toEqual({nextOffset: null, rowsWritten: 0, lag: null});
    });

    test('counts what is read and not written as lag', async () => {
      await produceOneByOne(2);
      gate.shut();
      const started = task();
      await until('a batch is being written', () => gate.waiting === 1, WAIT_MS);
      await harness.produce([harness.record('o3')]);
      await until('all is read', () => read() === 3, WAIT_MS);

      expect(started.status()).toEqual({nextOffset: 0, rowsWritten: 0, lag: 6});
      gate.open();

      await until('all is written', () => started.status().lag === 0, WAIT_MS);
      expect(started.status()).toEqual({nextOffset: 6, rowsWritten: 3, lag: 0});
    });

    test('does not count an open transaction as lag', async () => {
      const producer = harness.kafka.transactionalProducer('open');
      await producer.init();
      producer.begin();
      await producer.send([{topic: 'orders', partition: 0, records: [harness.record('o1')]}]);

      const started = task();
      await until('it has an answer', () => answers.length > 0, WAIT_MS);

      expect(started.status()).toEqual({nextOffset: 0, rowsWritten: 0, lag: 0});
      await producer.commit();
    });
  });

  describe('its progress', () => {
    test('shows with each write', async () => {
      await harness.produce([harness.record('o1'), harness.record('o2')]);

      task();
      await rowsArrive(2);

      expect(progress.filter((rows) => rows > 0)).toEqual([2]);
    });

    test('shows when there is nothing to write', async () => {
      task();

      await until('it has progressed', () => progress.length > 0, WAIT_MS);
      expect(progress[0]).toBe(0);
    });

    test('does not show while a write has not succeeded', async () => {
      gate.shut();
      await produceOneByOne(1);
      task();
      await until('a batch is being written', () => gate.waiting === 1, WAIT_MS);
      await produceOneByOne(1);
      await until('more is read', () => read() === 2, WAIT_MS);

      expect(progress).toEqual([]);
    });
  });

  test('tells since when a batch is being written', async () => {
    gate.shut();
    const started = task();
    expect(started.writingSince).toBeUndefined();
    await produceOneByOne(1);
    await until('a batch is being written', () => gate.waiting === 1, WAIT_MS);
    const since = clock.now();
    clock.advance(5000);

    expect(started.writingSince).toBe(since);
    gate.open();

    await until('it is written', () => started.writingSince === undefined, WAIT_MS);
  });

  describe('an unreadable record under none', () => {
    test('stops it, with everything before written and nothing behind', async () => {
      const unreadable = {...harness.record('o2'), value: Buffer.from('{"plain":"JSON"}')};
      await harness.produce([harness.record('o1'), unreadable, harness.record('o3')]);

      task({limits: {batchSize: 1000, bufferBytes: 1 << 20, lingerMs: 60_000}});

      await expect(running).rejects.toBeInstanceOf(FatalError);
      await expect(running).rejects.toMatchObject({
        code: 'RECORD_UNREADABLE',
        message: expect.stringMatching(
          /orders-0@1: its value .*header.*errors\.tolerance/,
        ) as string,
      });
      expect(stored()).toEqual(['o1']);
      expect(warehouse.watermarks.get('local/orders/0')?.nextOffset).toBe(1);
    });
  });

  describe('its failures', () => {
    test('to read come up once what was read before is written', async () => {
      await produceOneByOne(1);
      gate.shut();
      task();
      await until('a batch is being written', () => gate.waiting === 1, WAIT_MS);
      await harness.produce([harness.record('o2')]);
      await until('the second row is read', () => read() === 2, WAIT_MS);
      beforePoll = () => {
        throw new RetriableError('KAFKA_UNREACHABLE', 'gone');
      };
      await harness.produce([harness.record('lost for now')]);

      gate.open();

      await expect(running).rejects.toMatchObject({code: 'KAFKA_UNREACHABLE'});
      expect(stored().slice(0, 2)).toEqual(['o0', 'o2']);
    });

    test('to write end the reading too', async () => {
      await produceOneByOne(1);
      const faults = {
        beforeWrite: () => {
          throw new RetriableError('SINK_UNREACHABLE', 'gone');
        },
      };

      task({sink: new MemorySink(warehouse, faults)});

      await expect(running).rejects.toMatchObject({code: 'SINK_UNREACHABLE'});
      const polled = answers.length;
      await produceOneByOne(1);
      expect(answers.length).toBe(polled);
    });
  });

  test('sink check 23: finishes the batch that is being written when it is stopped, and drops the next', async () => {
    gate.shut();
    await harness.produce([harness.record('o1')]);
    task();
    await until('a batch is being written', () => gate.waiting === 1, WAIT_MS);
    await harness.produce([harness.record('o2')]);
    await until('the next one is read', () => read() === 2, WAIT_MS);

    end.abort();
    gate.open();
    await running;

    expect(stored()).toEqual(['o1']);
  });

  test('does not wait for the linger when it is stopped', async () => {
    task({limits: {batchSize: 1000, bufferBytes: 1 << 20, lingerMs: 60_000}});
    await harness.produce([harness.record('o1')]);
    await until('the row waits', () => clock.sleeping === 1, WAIT_MS);

    end.abort();
    await running;

    expect(stored()).toEqual([]);
  });
});
