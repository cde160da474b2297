import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {FatalError} from '../../../src/common/errors.ts';
import type {Logger} from '../../../src/common/logger.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import type {KafkaClient, ProducerRecord} from '../../../src/kafka/client.ts';
import type {
  Checkpoint,
  CommittedStore,
  StoreProvider,
} from '../../../src/state/committed-store.ts';
import {RestoreProgress} from '../../../src/streams/runtime/restore-progress.ts';
import {restoreStart, restoreStores} from '../../../src/streams/runtime/restorer.ts';
import type {StoreChangelog} from '../../../src/streams/runtime/restorer.ts';
import {StreamsHarness} from './streams-harness.ts';

const changelog = {topic: 'log', partition: 0};

/** A store as `restoreStart` sees it. */
function standing(isEmpty: boolean, checkpoint: Checkpoint | undefined): CommittedStore {
  return {name: 'rows', isEmpty, checkpoint} as CommittedStore;
}

function record(key: string, value: string | null): ProducerRecord {
  const bytes = value === null ? null : Buffer.from(value);
  return {key: Buffer.from(key), value: bytes, timestamp: 0, headers: []};
}

function rowsOf(store: CommittedStore): readonly string[] {
  return [...store.range()].map(([key, value]) => `${String(key)}=${String(value)}`);
}

/** A logger that adds its lines of information to an array. */
function recordingTo(lines: object[]): Logger {
  return {...silentLogger, info: (fields, message) => lines.push({...fields, message})};
}

describe('restoreStart', () => {
  const id = 't1';

  test.each<{
    what: string;
    isEmpty?: true;
    checkpoint?: Checkpoint;
    hasProgress?: boolean;
    earliest?: number;
    latest?: number;
    from: number;
    wipe?: string;
  }>([
    {what: 'a new store', isEmpty: true, from: 3, earliest: 3},
    {what: 'rows without a checkpoint', from: 0, wipe: 'it has no checkpoint'},
    {what: 'a store in the middle', checkpoint: {topicId: id, offset: 5}, from: 5},
    {
      what: 'an empty store with a checkpoint',
      isEmpty: true,
      checkpoint: {topicId: id, offset: 5},
      from: 5,
    },
    {
      what: 'a store at the start',
      checkpoint: {topicId: id, offset: 3},
      earliest: 3,
      from: 3,
    },
    {what: 'a store at the end', checkpoint: {topicId: id, offset: 9}, from: 9},
    {
      what: 'a store past the end',
      checkpoint: {topicId: id, offset: 10},
      from: 0,
      wipe: 'it stands at 10, past the end 9',
    },
    {
      what: 'a store before the start',
      checkpoint: {topicId: id, offset: 2},
      earliest: 3,
      from: 3,
      wipe: 'it stands at 2, before the start 3',
    },
    {
      what: 'a changelog created anew',
      checkpoint: {topicId: 'other', offset: 5},
      hasProgress: true,
      from: 0,
      wipe: 'its changelog was created anew',
    },
    {
      what: 'an empty changelog created anew before anything was processed',
      checkpoint: {topicId: 'other', offset: 5},
      latest: 0,
      from: 0,
      wipe: 'its changelog was created anew',
    },
  ])('reads $what from $from', ({isEmpty = false, checkpoint, from, wipe, ...rest}) => {
    const {hasProgress = false, earliest = 0, latest = 9} = rest;
    const store = standing(isEmpty, checkpoint);

    expect(
      restoreStart(
        {store, topicPartition: changelog, topicId: id, hasProgress},
        {...changelog, earliest, latest, stable: latest},
      ),
    ).toEqual(wipe === undefined ? {from} : {from, wipe});
  });

  test('stops when the changelog was deleted though its input is committed as processed', () => {
    const store = standing(false, {topicId: 'other', offset: 5});
    const restart = () =>
      restoreStart(
        {store, topicPartition: changelog, topicId: id, hasProgress: true},
        {...changelog, earliest: 0, latest: 0, stable: 0},
      );

    expect(restart).toThrow(FatalError);
    expect(restart).toThrow(expect.objectContaining({code: 'STATE_CORRUPTED'}));
    expect(restart).toThrow(/Changelog log was deleted .* store rows .* "millrace reset"/);
  });
});

describe('restoreStores', () => {
  let harness: StreamsHarness;
  let kafka: KafkaClient;
  let topicId: string;
  let stores: StoreProvider;
  beforeEach(async () => {
    harness = await StreamsHarness.open();
    ({kafka, stores} = harness);
    await kafka.admin.ensureTopics([{name: 'log', partitions: 1, cleanupPolicy: 'compact'}]);
    const [description] = await kafka.admin.describeTopics(['log']);
    topicId = description?.topicId ?? '';
  });
  afterEach(() => harness.close());

  async function restore(
    store: CommittedStore,
    {
      signal = new AbortController().signal,
      onRestored = (): void => undefined,
      logger = silentLogger,
      progress = new RestoreProgress(),
    } = {},
  ): Promise<readonly string[]> {
    const applied: string[] = [];
    const restoring: StoreChangelog = {
      store,
      topicPartition: changelog,
      topicId,
      hasProgress: true,
    };
    await restoreStores([restoring], {
      kafka,
      clock: harness.clock,
      logger,
      signal,
      progress,
      onRestored: async (_changelog, {records}) => {
        applied.push(...records.map(({key, value}) => `${String(key)}=${String(value)}`));
        onRestored();
      },
    });
    return applied;
  }

  test('rolls a new store forward to the end, with deletions', async () => {
    await harness.produceBytes('log', [record('a', '1'), record('b', '1')]);
    await harness.produceBytes('log', [record('b', null), record('c', '1'), record('a', '2')]);
    const store = await stores.open('0_0', 'rows');

    await restore(store);

    expect(rowsOf(store)).toEqual(['a=2', 'c=1']);
    // Five records and the markers of two transactions.
    expect(store.checkpoint).toEqual({topicId, offset: 7});
  });

  test('applies only what a store has not seen', async () => {
    await harness.produceBytes('log', [record('a', '1'), record('b', '1')]);
    const store = await stores.open('0_0', 'rows');
    await restore(store);
    await harness.produceBytes('log', [record('a', null)]);

    expect(await restore(store)).toEqual(['a=null']);
    expect(rowsOf(store)).toEqual(['b=1']);
    expect(await restore(store)).toEqual([]);
  });

  test('wipes rows that cannot be trusted and reads everything', async () => {
    await harness.produceBytes('log', [record('a', '1')]);
    const store = await stores.open('0_0', 'rows');
    await store.apply([[Buffer.from('x'), Buffer.from('1')]], {topicId, offset: 99});

    await restore(store);

    expect(rowsOf(store)).toEqual(['a=1']);
  });

  test('leaves out what was aborted, also at the end', async () => {
    await harness.produceBytes('log', [record('a', '1')]);
    const producer = kafka.transactionalProducer('aborts');
    await producer.init();
    producer.begin();
    await producer.send([{...changelog, records: [record('a', '2'), record('b', '2')]}]);
    await producer.abort();
    const store = await stores.open('0_0', 'rows');

    await restore(store);

    expect(rowsOf(store)).toEqual(['a=1']);
    expect(store.checkpoint?.offset).toBe(5);
  });

  test('waits for a transaction that is open before the end', async () => {
    await harness.produceBytes('log', [record('a', '1')]);
    const producer = kafka.transactionalProducer('late');
    await producer.init();
    producer.begin();
    await producer.send([{...changelog, records: [record('a', '2')]}]);
    const store = await stores.open('0_0', 'rows');
    let committed: Promise<void> | undefined;

    await restore(store, {onRestored: () => void (committed ??= producer.commit())});

    await committed;
    expect(rowsOf(store)).toEqual(['a=2']);
  });

  test('stops when it is told to, with what was applied so far', async () => {
    await harness.produceBytes('log', [record('a', '1')]);
    const producer = kafka.transactionalProducer('never');
    await producer.init();
    producer.begin();
    await producer.send([{...changelog, records: [record('a', '2')]}]);
    const store = await stores.open('0_0', 'rows');
    const stop = new AbortController();

    await restore(store, {signal: stop.signal, onRestored: () => stop.abort()});

    expect(rowsOf(store)).toEqual(['a=1']);
    expect(store.checkpoint?.offset).toBe(2);
  });

  test('tells how far it has got, and begins and ends with a line that says how fast it was', async () => {
    await harness.produceBytes('log', [record('a', '1'), record('b', '1'), record('b', null)]);
    const store = await stores.open('0_0', 'rows');
    const progress = new RestoreProgress();
    const lines: object[] = [];
    const before: unknown[] = [];
    const logger = recordingTo(lines);

    await restore(store, {
      progress,
      logger,
      onRestored: () => void before.push(progress.status()['log-0']),
    });

    expect(before).toEqual([{records: 0, restored: 0, total: 4}]);
    // Three records and the marker of their transaction.
    expect(progress.status()).toEqual({'log-0': {records: 3, restored: 4, total: 4}});
    expect(lines).toEqual([
      expect.objectContaining({message: 'Restores stores', stores: 1, offsets: 4}),
      expect.objectContaining({
        message: 'Has restored its stores',
        records: 3,
        ms: expect.any(Number) as number,
        recordsPerSecond: expect.any(Number) as number,
      }),
    ]);
  });

  test('says nothing where there is nothing to restore', async () => {
    const lines: object[] = [];

    await restore(await stores.open('0_0', 'rows'), {
      logger: recordingTo(lines),
    });

    expect(lines).toEqual([]);
  });

  test('trap 11: lets timers and heartbeats have their turn after each slice', async () => {
    const value = 'x'.repeat(2000);
    for (let batch = 0; batch < 4; batch++) {
      await harness.produceBytes(
        'log',
        Array.from({length: 1000}, (_, i) => record(`${batch} ${i}`, value)),
      );
    }
    let turns = 0;
    const ends: number[] = [];
    let isOver = false;
    const turn = (): void => {
      turns++;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);

    await restore(await stores.open('0_0', 'rows'), {onRestored: () => void ends.push(turns)});

    isOver = true;
    // About 1 MiB at a time.
    expect(ends.length).toBeGreaterThanOrEqual(4);
    expect(new Set(ends).size).toBe(ends.length);
  });

  test('stops after the slice during which its generation ends, though more has been fetched', async () => {
    await kafka.admin.ensureTopics([{name: 'more', partitions: 1, cleanupPolicy: 'compact'}]);
    const [description] = await kafka.admin.describeTopics(['more']);
    await harness.produceBytes('log', [record('a', '1')]);
    await harness.produceBytes('more', [record('a', '1')]);
    const stop = new AbortController();
    const lines: object[] = [];
    const changelogs = await Promise.all(
      ['log', 'more'].map(async (topic): Promise<StoreChangelog> => ({
        store: await stores.open('0_0', topic),
        topicPartition: {topic, partition: 0},
        topicId: topic === 'log' ? topicId : (description?.topicId ?? ''),
        hasProgress: true,
      })),
    );

    await restoreStores(changelogs, {
      kafka,
      clock: harness.clock,
      logger: recordingTo(lines),
      signal: stop.signal,
      progress: new RestoreProgress(),
      onRestored: async () => stop.abort(),
    });

    const rows = changelogs.map(({store}) => rowsOf(store).length);
    expect(rows.toSorted((a, b) => a - b)).toEqual([0, 1]);
    expect(lines.at(-1)).toMatchObject({message: 'Stops restoring: its generation has ended'});
  });
});
