import {afterEach, beforeEach, describe, expect, test} from 'vitest';

import type {
  ConsumedRecord,
  FetchedPartition,
  Fetcher,
  GroupMetadata,
  GroupOptions,
  KafkaClient,
  ProducerRecord,
  TopicPartition,
  TopicSpec,
  TransactionalProducer,
} from '../../src/kafka/client.ts';
import {MemoryRecordsBuilder} from '../../src/kafka/memory-records/memory-records-builder.ts';
import type {MemoryRecords} from '../../src/kafka/memory-records/memory-records.ts';
import {SpelledHeader} from '../support/spelled-header.ts';
import {groupMemberSuite} from './group-member-suite.ts';

/** A cluster to test; it may hold topics and groups of earlier runs. */
export interface ClusterUnderTest {
  /** A client of its own, as of another process. */
  readonly connect: () => Promise<KafkaClient>;
  readonly close: () => Promise<void>;
}

const outside = (groupId: string): GroupMetadata => ({groupId, generationId: -1, memberId: ''});

function record(key: string | null, value: string | null = key, timestamp = 1_000): ProducerRecord {
  return {
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    timestamp,
    headers: [],
  };
}

function values(records: readonly ConsumedRecord[]): string[] {
  return records.map(({value}) => String(value));
}

/** The present answer; a broker that has just heard of the topic may need a moment. */
async function answerNow(fetcher: Fetcher): Promise<FetchedPartition> {
  for (;;) {
    const [answer] = await fetcher.poll(0);
    if (answer !== undefined) return answer;
  }
}

/** What every KafkaClient does; called within the `describe` of an implementation. */
export function kafkaClientSuite(open: () => Promise<ClusterUnderTest>): void {
  let cluster: ClusterUnderTest;
  let client: KafkaClient;
  let topic: string;
  let groupId: string;
  let unique: string;

  beforeEach(async () => {
    cluster = await open();
    client = await cluster.connect();
    unique = crypto.randomUUID();
    topic = `suite-${unique}`;
    groupId = `suite-${unique}`;
  });

  afterEach(async () => {
    await client.admin.deleteTopics([topic]);
    await client.close();
    await cluster.close();
  });

  async function createTopic(partitions = 1, spec: Partial<TopicSpec> = {}): Promise<void> {
    await client.admin.ensureTopics([{name: topic, partitions, cleanupPolicy: 'delete', ...spec}]);
  }

  async function producer(name = 'p', of = client): Promise<TransactionalProducer> {
    const made = of.transactionalProducer(`${unique}-${name}`);
    await made.init();
    return made;
  }

  async function send(
    to: TransactionalProducer,
    records: readonly ProducerRecord[],
    partition = 0,
  ): Promise<number> {
    const [batch] = await to.send([{topic, partition, records}]);
    return batch?.baseOffset ?? -1;
  }

  async function commit(
    by: TransactionalProducer,
    records: readonly ProducerRecord[],
    partition = 0,
  ): Promise<void> {
    by.begin();
    await send(by, records, partition);
    await by.commit();
  }

  function reader(isolation: 'read_committed' | 'read_uncommitted' = 'read_committed', from = 0) {
    const fetcher = client.fetcher({isolation});
    fetcher.assign({topic, partition: 0}, from);
    return fetcher;
  }

  /** Polls until the position reaches `end`. */
  async function readTo(
    fetcher: Fetcher,
    end: number,
    of: TopicPartition = {topic, partition: 0},
  ): Promise<ConsumedRecord[]> {
    const records: ConsumedRecord[] = [];
    while ((fetcher.position(of) ?? Infinity) < end) {
      for (const answer of await fetcher.poll(5_000)) {
        if (answer.partition === of.partition) records.push(...answer.records);
      }
    }
    return records;
  }

  async function readAll(partition = 0): Promise<string[]> {
    const of = {topic, partition};
    const [offsets] = await client.admin.offsets([of]);
    const fetcher = client.fetcher({isolation: 'read_committed'});
    fetcher.assign(of, offsets?.earliest ?? 0);
    const records = await readTo(fetcher, offsets?.latest ?? 0, of);
    await fetcher.close();
    return values(records);
  }

  function options(more: Partial<GroupOptions> = {}): GroupOptions {
    return {
      groupId,
      topics: [topic],
      sessionTimeoutMs: 10_000,
      assign: (members, partitions) => {
        const hands = members.map((): TopicPartition[] => []);
        for (const [name, count] of partitions) {
          for (let partition = 0; partition < count; partition++) {
            hands[partition % members.length]?.push({topic: name, partition});
          }
        }
        return new Map(members.map(({memberId}, i) => [memberId, {partitions: hands[i] ?? []}]));
      },
      ...more,
    };
  }

  describe('admin', () => {
    test('creates topics once and describes them', async () => {
      await createTopic(3, {cleanupPolicy: 'compact'});
      const [before] = await client.admin.describeTopics([topic, `${topic}-absent`]);

      await createTopic(3, {cleanupPolicy: 'compact'});

      const [after] = await client.admin.describeTopics([topic]);
      expect(after).toEqual({
        name: topic,
        topicId: before?.topicId,
        partitions: 3,
        cleanupPolicy: 'compact',
      });
    });

    test('refuses a topic that exists otherwise', async () => {
      await createTopic(3);

      const other = createTopic(4);

      await expect(other).rejects.toMatchObject({code: 'KAFKA_TOPIC_MISMATCH'});
      await expect(createTopic(3, {cleanupPolicy: 'compact'})).rejects.toMatchObject({
        code: 'KAFKA_TOPIC_MISMATCH',
      });
    });

    test('gives a topic that is created again another id, no records and no group offsets', async () => {
      await createTopic();
      const by = await producer();
      by.begin();
      await send(by, [record('a')]);
      await by.sendOffsets(outside(groupId), [{topic, partition: 0, offset: 1}]);
      await by.commit();
      const [before] = await client.admin.describeTopics([topic]);

      await client.admin.deleteTopics([topic]);
      await createTopic();

      const [after] = await client.admin.describeTopics([topic]);
      expect(after?.topicId).not.toBe(before?.topicId);
      expect(await client.admin.offsets([{topic, partition: 0}])).toEqual([
        {topic, partition: 0, earliest: 0, latest: 0, stable: 0},
      ]);
      expect(await client.admin.committedOffsets(groupId, [{topic, partition: 0}])).toEqual([null]);
    });
  });

  describe('transactionalProducer', () => {
    test('keeps bytes, nulls, headers and timestamps', async () => {
      await createTopic();
      const by = await producer();
      const headers = [
        {key: 'a', value: Buffer.from([0, 255])},
        {key: 'a', value: Buffer.alloc(0)},
        {key: 'é', value: Buffer.from('b')},
      ];
      const records = [
        {...record('k', 'v', 1_700_000_000_123), headers},
        record(null, 'no key', 1_600_000_000_000),
        record('tombstone', null, 1_700_000_000_124),
        {...record('', ''), headers: headers.slice(0, 1)},
      ];

      await commit(by, records);

      const read = await readTo(reader(), 4);
      expect(read).toEqual(records.map((sent, offset) => ({...sent, offset})));
    });

    test('writes headers that are put together where they are written', async () => {
      await createTopic();

      await commit(await producer(), [
        {...record('k', 'v'), headers: [new SpelledHeader('h', 'é'.repeat(100))]},
      ]);

      const [read] = await readTo(reader(), 1);
      expect(read?.headers.map(({key, value}) => [key, value.toString()])).toEqual([
        ['h', 'é'.repeat(100)],
      ]);
    });

    test('writes records that were encoded as they came, in their order between the others', async () => {
      await createTopic();
      const by = await producer();
      const header = {key: 'h', value: Buffer.from([1, 255])};
      // Several batches for one send.
      const builder = new MemoryRecordsBuilder(40);
      builder.begin(1_700_000_000_123, Buffer.from('k1 of more'), 2).text('"é"');
      builder.end([header, header]);
      builder.tombstone(1_600_000_000_000, null, []);
      builder.begin(1_700_000_000_124, null).bytes(Buffer.from('x'.repeat(50)));
      builder.end([]);
      builder.mark();
      builder.begin(1, null).text('behind the mark');
      builder.end([]);
      by.begin();
      await send(by, [record('before')]);

      const [written] = await by.send([
        {topic, partition: 0, records: builder.take() as MemoryRecords},
      ]);

      await send(by, [record('after')]);
      await by.commit();
      expect(written).toEqual({topic, partition: 0, baseOffset: 1, nextOffset: 4});
      const read = await readTo(reader(), 5);
      expect(read).toEqual([
        {...record('before'), offset: 0},
        {...record('k1', '"é"', 1_700_000_000_123), headers: [header, header], offset: 1},
        {...record(null, null, 1_600_000_000_000), offset: 2},
        {...record(null, 'x'.repeat(50), 1_700_000_000_124), offset: 3},
        {...record('after'), offset: 4},
      ]);
    });

    test('never shows encoded records of an aborted transaction to read_committed', async () => {
      await createTopic();
      const by = await producer();
      const builder = new MemoryRecordsBuilder();
      by.begin();
      for (const text of ['void', 'too']) {
        builder.begin(1, null).text(text);
        builder.end([]);
        builder.mark();
        await by.send([{topic, partition: 0, records: builder.take() as MemoryRecords}]);
      }
      await by.abort();

      await commit(by, [record('a')]);

      expect(await readAll()).toEqual(['a']);
    });

    test('shows records to read_committed only when they are committed', async () => {
      await createTopic();
      const by = await producer();
      by.begin();
      const base = await send(by, [record('a'), record('b')]);
      const uncommitted = await readTo(reader('read_uncommitted'), 2);
      const before = await answerNow(reader());

      await by.commit();

      expect(base).toBe(0);
      expect(values(uncommitted)).toEqual(['a', 'b']);
      expect(before).toMatchObject({
        records: [],
        position: 0,
        highWatermark: 2,
        lastStableOffset: 0,
      });
      expect(await readAll()).toEqual(['a', 'b']);
    });

    test('never shows aborted records to read_committed, whatever stands around them', async () => {
      await createTopic();
      const by = await producer();
      await commit(by, [record('a')]);
      by.begin();
      await send(by, [record('void')]);
      await by.abort();
      by.begin();
      await send(by, [record('void too')]);
      await by.abort();
      await commit(by, [record('b')]);

      const read = await readTo(reader(), 8);

      expect(values(read)).toEqual(['a', 'b']);
      // One marker follows each transaction.
      expect(read.map(({offset}) => offset)).toEqual([0, 6]);
    });

    test('holds read_committed back behind the oldest open transaction', async () => {
      await createTopic();
      const [early, late] = [await producer('early'), await producer('late')];
      early.begin();
      await send(early, [record('early')]);
      await commit(late, [record('late')]);
      const before = await answerNow(reader());
      const [ends] = await client.admin.offsets([{topic, partition: 0}]);

      await early.commit();

      expect(before).toMatchObject({records: [], lastStableOffset: 0});
      expect(ends).toMatchObject({earliest: 0, stable: 0});
      expect(ends?.latest).toBeGreaterThanOrEqual(2);
      // The marker of the later one may still be on its way.
      expect(before.highWatermark).toBeGreaterThanOrEqual(2);
      expect(await readAll()).toEqual(['early', 'late']);
    });

    test('commits several partitions and the group offset together', async () => {
      await createTopic(2);
      const by = await producer();
      by.begin();
      await by.send([
        {topic, partition: 0, records: [record('a')]},
        {topic, partition: 1, records: [record('b')]},
      ]);
      await by.sendOffsets(outside(groupId), [{topic, partition: 1, offset: 7}]);

      await by.commit();

      expect([await readAll(0), await readAll(1)]).toEqual([['a'], ['b']]);
      const partitions = [0, 1].map((partition) => ({topic, partition}));
      expect(await client.admin.committedOffsets(groupId, partitions)).toEqual([null, 7]);
    });

    test('drops the offsets of an aborted transaction', async () => {
      await createTopic();
      const by = await producer();
      by.begin();
      await by.sendOffsets(outside(groupId), [{topic, partition: 0, offset: 3}]);
      await by.commit();
      by.begin();
      await by.sendOffsets(outside(groupId), [{topic, partition: 0, offset: 9}]);

      await by.abort();

      expect(await client.admin.committedOffsets(groupId, [{topic, partition: 0}])).toEqual([3]);
    });

    test('commits a transaction without records', async () => {
      await createTopic();
      const by = await producer();
      by.begin();

      await by.commit();

      await commit(by, [record('a')]);
      expect(await readAll()).toEqual(['a']);
    });

    test('trap 5: answers committedOffsets only when a pending commit of them is decided', async () => {
      await createTopic();
      const by = await producer();
      by.begin();
      await by.sendOffsets(outside(groupId), [{topic, partition: 0, offset: 5}]);
      let answered = false;
      const asked = client.admin
        .committedOffsets(groupId, [{topic, partition: 0}])
        .then((found) => {
          answered = true;
          return found;
        });
      await reader().poll(50);

      expect(answered).toBe(false);
      await by.commit();

      expect(await asked).toEqual([5]);
    });

    test('is fenced by init of the same id, which aborts what it left open', async () => {
      await createTopic();
      const zombie = await producer();
      zombie.begin();
      await send(zombie, [record('zombie')]);
      await zombie.sendOffsets(outside(groupId), [{topic, partition: 0, offset: 5}]);
      const other = await cluster.connect();

      const successor = await producer('p', other);

      const fenced = {code: 'KAFKA_PRODUCER_FENCED', name: 'TaskError'};
      await expect(zombie.commit()).rejects.toMatchObject(fenced);
      await commit(successor, [record('successor')]);
      expect(await readAll()).toEqual(['successor']);
      expect(await client.admin.committedOffsets(groupId, [{topic, partition: 0}])).toEqual([null]);
      await other.close();
    });

    test('is fenced in whatever it does next', async () => {
      await createTopic();
      const [sending, staging, aborting] = [
        await producer('sending'),
        await producer('staging'),
        await producer('aborting'),
      ];
      for (const zombie of [sending, staging, aborting]) {
        zombie.begin();
        await send(zombie, [record('zombie')]);
      }
      for (const name of ['sending', 'staging', 'aborting']) await producer(name);

      const fenced = {code: 'KAFKA_PRODUCER_FENCED'};
      await expect(send(sending, [record('zombie')])).rejects.toMatchObject(fenced);
      const offsets = [{topic, partition: 0, offset: 5}];
      await expect(staging.sendOffsets(outside(groupId), offsets)).rejects.toMatchObject(fenced);
      await expect(aborting.abort()).rejects.toMatchObject(fenced);
      expect(await readAll()).toEqual([]);
    });

    test('goes on after init following an abandoned transaction of its own', async () => {
      await createTopic();
      const by = await producer();
      by.begin();
      await send(by, [record('void')]);

      await by.init();
      await commit(by, [record('a')]);

      expect(await readAll()).toEqual(['a']);
    });

    test('writes a transaction far bigger than a fetch', async () => {
      await createTopic();
      const by = await producer();
      const text = 'x'.repeat(1_000);
      by.begin();
      for (let i = 0; i < 12; i++) {
        await send(
          by,
          Array.from({length: 1_000}, (_, j) => record(`${i * 1_000 + j}`, text)),
        );
      }

      await by.commit();

      const read = await readTo(reader(), 12_001);
      expect(read.map(({offset, key}) => [offset, String(key)])).toEqual(
        Array.from({length: 12_000}, (_, i) => [i, `${i}`]),
      );
    });
  });

  describe('fetcher', () => {
    test('starts within a batch and steps over the marker', async () => {
      await createTopic();
      const by = await producer();
      await commit(by, [record('a'), record('b'), record('c')]);
      const fetcher = reader('read_committed', 1);

      const records = await readTo(fetcher, 4);

      expect(records.map(({offset}) => offset)).toEqual([1, 2]);
      expect(fetcher.position({topic, partition: 0})).toBe(4);
    });

    test('wakes when records are committed', async () => {
      await createTopic();
      const by = await producer();
      const fetcher = reader();
      await answerNow(fetcher);
      const waiting = readTo(fetcher, 2);

      await commit(by, [record('a')]);

      expect(values(await waiting)).toEqual(['a']);
    });

    test('answers when only the high watermark has moved', async () => {
      await createTopic();
      const by = await producer();
      const fetcher = reader();
      await answerNow(fetcher);
      by.begin();
      await send(by, [record('a')]);
      let highWatermark = 0;

      while (highWatermark === 0) {
        for (const answer of await fetcher.poll(1_000)) ({highWatermark} = answer);
      }

      expect(highWatermark).toBe(1);
      await by.abort();
    });

    test('gives up waiting after maxWaitMs, and when the signal aborts', async () => {
      await createTopic();
      const fetcher = reader();
      await answerNow(fetcher);
      const abort = new AbortController();
      const waiting = fetcher.poll(600_000, abort.signal);

      const answers = await reader().poll(5);
      abort.abort();

      expect(answers.flatMap(({records}) => records)).toEqual([]);
      expect((await waiting).flatMap(({records}) => records)).toEqual([]);
    });

    test('leaves paused partitions out and keeps their position', async () => {
      await createTopic(2);
      const by = await producer();
      const fetcher = client.fetcher({isolation: 'read_committed'});
      const [first, second] = [0, 1].map((partition) => ({topic, partition}));
      fetcher.assign(first!, 0);
      fetcher.assign(second!, 0);
      fetcher.pause(first!);
      await commit(by, [record('a')], 0);
      await commit(by, [record('b')], 1);
      const meanwhile = await readTo(fetcher, 2, second);
      const paused = fetcher.position(first!);

      fetcher.resume(first!);

      expect(values(meanwhile)).toEqual(['b']);
      expect(paused).toBe(0);
      expect(values(await readTo(fetcher, 2, first))).toEqual(['a']);
    });

    test('reads no partition after unassign', async () => {
      await createTopic();
      await commit(await producer(), [record('a')]);
      const fetcher = reader();

      fetcher.unassign({topic, partition: 0});

      expect(await fetcher.poll(5)).toEqual([]);
      expect(fetcher.position({topic, partition: 0})).toBeUndefined();
    });

    test('orders its answers by ticks that tell what each fetch saw', async () => {
      await createTopic();
      const by = await producer();
      const fetcher = reader();
      const before = await answerNow(fetcher);
      await commit(by, [record('a')]);

      const [after] = await fetcher.poll(5_000);

      expect(before.sentAt).toBeLessThanOrEqual(before.arrivedAt);
      expect(after!.arrivedAt).toBeGreaterThan(before.arrivedAt);
      const asked = await answerNow(fetcher);
      expect(asked.sentAt).toBeGreaterThanOrEqual(after!.arrivedAt);
    });

    test('answers in slices when a partition has much', async () => {
      await createTopic();
      const by = await producer();
      for (let i = 0; i < 40; i++) await commit(by, [record(`${i}`, 'x'.repeat(10_000))]);
      const fetcher = client.fetcher({isolation: 'read_committed', maxPartitionBytes: 50_000});
      fetcher.assign({topic, partition: 0}, 0);

      const [answer] = await fetcher.poll(5_000);

      expect(answer!.records.length).toBeGreaterThan(0);
      expect(answer!.records.length).toBeLessThan(40);
      const rest = await readTo(fetcher, 80);
      expect([...answer!.records, ...rest].map(({key}) => String(key))).toEqual(
        Array.from({length: 40}, (_, i) => `${i}`),
      );
    });

    test('leaves headers out for who looks at none', async () => {
      await createTopic();
      const headers = [{key: 'h', value: Buffer.from('x')}];
      await commit(await producer(), [{...record('a'), headers}, record('b')]);
      const fetcher = client.fetcher({isolation: 'read_committed', headers: false});
      fetcher.assign({topic, partition: 0}, 0);

      const read = await readTo(fetcher, 2);

      expect(read).toEqual([
        {...record('a'), offset: 0},
        {...record('b'), offset: 1},
      ]);
    });

    test('reads a long batch from its start and from within, record by record', async () => {
      await createTopic();
      const by = await producer();
      const builder = new MemoryRecordsBuilder();
      const texts = Array.from({length: 3_000}, (_, i) => `${i} `.padEnd(290, '#'));
      for (const text of texts) {
        builder.begin(1_000, null).text(text);
        builder.end([new SpelledHeader('h', text.slice(0, 5))]);
      }
      builder.mark();
      by.begin();
      await by.send([{topic, partition: 0, records: builder.take() as MemoryRecords}]);
      await by.commit();

      const whole = await readTo(reader(), 3_001);
      const part = await readTo(reader('read_committed', 1_234), 3_001);

      expect(values(whole)).toEqual(texts);
      expect(whole.map(({headers}) => String(headers[0]?.value))).toEqual(
        texts.map((text) => text.slice(0, 5)),
      );
      expect(part.map(({offset}) => offset)).toEqual(
        Array.from({length: 3_000 - 1_234}, (_, i) => 1_234 + i),
      );
      expect(values(part)).toEqual(texts.slice(1_234));
    });

    test('fails at a position outside of the log', async () => {
      await createTopic();
      const fetcher = reader('read_committed', 100);

      const polled = fetcher.poll(5_000);

      await expect(polled).rejects.toMatchObject({
        code: 'KAFKA_OFFSET_OUT_OF_RANGE',
        name: 'TaskError',
      });
    });
  });

  groupMemberSuite({client: () => client, topic: () => topic, createTopic, producer, options});
}
