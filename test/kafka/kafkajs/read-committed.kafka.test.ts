import {Kafka, ConfigResourceTypes, logLevel} from 'kafkajs';
import {afterAll, beforeAll, describe, expect, inject, test} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import type {
  ConsumedRecord,
  ProducerRecord,
  TopicPartition,
  TransactionalProducer,
} from '../../../src/kafka/client.ts';
import {Cluster} from '../../../src/kafka/kafkajs/connection/cluster.ts';
import {KafkajsClient} from '../../../src/kafka/kafkajs/kafkajs-client.ts';
import {fetchRequest} from '../../../src/kafka/kafkajs/protocol/fetch.ts';
import {recordBatches} from '../../../src/kafka/kafkajs/record-batch/record-batch.ts';
import type {RecordBatch} from '../../../src/kafka/kafkajs/record-batch/record-batch.ts';
import {JavaConsumer} from '../../servers/java-consumer.ts';
import {Random} from '../../support/random.ts';
import {until} from '../../support/until.ts';
import {commitRecords, readTo, record} from './read-and-write.ts';

/** How often a round of the interleaving ends with all transactions decided, and the next one starts. */
const INTERLEAVINGS = 1_000;
const PARTITIONS = 4;
const PRODUCERS = 5;
/** Where reading starts within a batch, and answers that hold less than one. */
const PARTITION_BYTES = [100, 1_000, 1 << 20];

/** A record with this key was taken for an abort marker (kafkajs). */
const markerKey = Buffer.alloc(4);

/** Offset, key and value, as text that can be compared and read. */
interface Seen {
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

function lines(records: readonly Seen[]): string[] {
  return records.map(
    ({offset, key, value}) => `${offset} ${key?.toString('hex')} ${value?.toString('hex')}`,
  );
}

/** Batches that compaction has left without records. */
async function emptyBatches(of: TopicPartition): Promise<readonly RecordBatch[]> {
  const cluster = new Cluster({
    bootstrapServers: inject('kafkaBrokers'),
    clientId: 'test',
    connectionTimeoutMs: 5_000,
    requestTimeoutMs: 5_000,
    apiTimeoutMs: 5_000,
    metadataMaxAgeMs: 300_000,
    clock: systemClock,
  });
  await cluster.refresh([of.topic]);
  const {leader = -1, leaderEpoch = -1} = cluster.leaderOf(of) ?? {};
  const topicId = cluster.topicIdOf(of.topic) ?? '';
  const maxBytes = 1 << 20;
  const {partitions} = await cluster.send(
    'raw',
    leader,
    fetchRequest({
      maxWaitMs: 0,
      maxBytes,
      isolation: 'read_uncommitted',
      partitions: [{topicId, partition: of.partition, leaderEpoch, offset: 0, maxBytes}],
    }),
  );
  await cluster.close();
  const batches = [...recordBatches(partitions[0]?.records ?? Buffer.alloc(0))];
  return batches.filter(({isControl, count}) => !isControl && count === 0);
}

describe('KafkajsFetcher under read_committed', () => {
  let client: KafkajsClient;
  let java: JavaConsumer;
  let topic: string;

  beforeAll(async () => {
    client = await KafkajsClient.connect({
      bootstrapServers: inject('kafkaBrokers'),
      clientId: 'test',
      clock: systemClock,
    });
    java = await JavaConsumer.start(inject('kafkaBrokers'));
  });

  afterAll(async () => {
    await java.stop();
    await client.close();
  });

  async function readAll(of: TopicPartition, maxPartitionBytes: number): Promise<ConsumedRecord[]> {
    const [offsets] = await client.admin.offsets([of]);
    const fetcher = client.fetcher({isolation: 'read_committed', maxPartitionBytes});
    fetcher.assign(of, offsets?.earliest ?? 0);
    const records = await readTo(fetcher, of, offsets?.latest ?? 0);
    await fetcher.close();
    return records;
  }

  /** What ours returns by answers of several sizes, and what Java's does: by partition and size. */
  async function compare(partitions: readonly TopicPartition[]) {
    const read = await java.read(partitions);
    const ours: Record<string, string[]> = {};
    const theirs: Record<string, string[]> = {};
    for (const of of partitions) {
      for (const bytes of PARTITION_BYTES) {
        const name = `${of.topic}-${of.partition} by ${bytes} bytes`;
        ours[name] = lines(await readAll(of, bytes));
        theirs[name] = lines(read.filter(({partition}) => partition === of.partition));
      }
    }
    return {ours, theirs};
  }

  test('trap 2: returns what Java returns, after 1,000 interleavings of several producers', async () => {
    topic = `read-committed-${crypto.randomUUID()}`;
    await client.admin.ensureTopics([
      {name: topic, partitions: PARTITIONS, cleanupPolicy: 'delete'},
    ]);
    const run = new Interleaving(client, topic, new Random(4));
    await run.start();

    for (let i = 0; i < INTERLEAVINGS; i++) await run.next();
    await run.finish();

    const partitions = Array.from({length: PARTITIONS}, (_, partition) => ({topic, partition}));
    expect(run.counts.committed).toBeGreaterThan(200);
    expect(run.counts.aborted).toBeGreaterThan(200);
    expect(run.counts.fenced).toBeGreaterThan(100);
    const {ours, theirs} = await compare(partitions);
    expect(ours).toEqual(theirs);
  });

  test('trap 3: passes empty batches and gaps of a compacted topic as Java does', async () => {
    topic = `compacted-${crypto.randomUUID()}`;
    const of = {topic, partition: 0};
    await client.admin.ensureTopics([{name: topic, partitions: 1, cleanupPolicy: 'compact'}]);
    const admin = new Kafka({
      brokers: [...inject('kafkaBrokers')],
      logLevel: logLevel.NOTHING,
    }).admin();
    await admin.connect();
    // These replace all that the topic had.
    const settings = {
      'cleanup.policy': 'compact',
      'segment.ms': '100',
      'min.cleanable.dirty.ratio': '0.01',
      'delete.retention.ms': '0',
    };
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: ConfigResourceTypes.TOPIC,
          name: topic,
          configEntries: Object.entries(settings).map(([name, value]) => ({name, value})),
        },
      ],
    });
    await admin.disconnect();
    const run = new Interleaving(client, topic, new Random(5), 1);
    await run.start();
    for (let i = 0; i < 150; i++) await run.next();
    await run.finish();
    const [before] = await client.admin.offsets([of]);
    // Most keys again by one producer: of the others' batches, the last ones stay, empty.
    const last = client.transactionalProducer(`${topic}-last`);
    await last.init();
    const rewritten = [markerKey, ...run.keys.slice(5).map((key) => Buffer.from(key))];
    await commitRecords(
      last,
      of,
      rewritten.map((key) => ({...record('last'), key})),
    );
    let left = 0;
    await until(
      'the topic is compacted',
      async () => {
        // A segment is closed by the first record that is segment.ms younger than its first one.
        await systemClock.sleep(150);
        // Each has a key of its own: none is compacted while the two readers below are at it.
        const key = Buffer.from(crypto.randomUUID());
        await commitRecords(last, of, [{...record('roll'), key, timestamp: systemClock.now()}]);
        const read = await readAll(of, 1 << 20);
        left = read.filter(({offset}) => offset < (before?.latest ?? 0)).length;
        return left <= 5;
      },
      20_000,
      () => `${left} records left`,
    );

    const {ours, theirs} = await compare([of]);
    expect(ours).toEqual(theirs);
    const [empty] = await emptyBatches(of);
    expect(empty?.baseOffset).toBeGreaterThanOrEqual(0);
    // An answer with nothing else in it.
    const fetcher = client.fetcher({isolation: 'read_committed', maxPartitionBytes: 61});
    fetcher.assign(of, empty?.baseOffset ?? -1);
    const [answer] = await fetcher.poll(0);
    await fetcher.close();
    expect(answer).toMatchObject({records: [], position: (empty?.lastOffset ?? -1) + 1});
  });
});

/** Producers that write to random partitions by turns, and commit, abort or vanish and are fenced by their successors. */
class Interleaving {
  readonly counts = {committed: 0, aborted: 0, fenced: 0};
  readonly keys = Array.from({length: 20}, (_, i) => `key-${i}`);
  readonly #client: KafkajsClient;
  readonly #topic: string;
  readonly #random: Random;
  readonly #partitions: number;
  readonly #producers: TransactionalProducer[] = [];
  readonly #open = new Set<number>();
  #written = 0;

  constructor(client: KafkajsClient, topic: string, random: Random, partitions = PARTITIONS) {
    this.#client = client;
    this.#topic = topic;
    this.#random = random;
    this.#partitions = partitions;
  }

  async start(): Promise<void> {
    for (let id = 0; id < PRODUCERS; id++) this.#producers.push(await this.#successor(id));
  }

  /** One transaction more is decided; others have begun, written, or stayed open meanwhile. */
  async next(): Promise<void> {
    for (;;) {
      const id = this.#random.below(PRODUCERS);
      if (!this.#open.has(id)) this.#producer(id).begin();
      const isNew = !this.#open.has(id);
      this.#open.add(id);
      if (isNew || this.#random.chance(0.4)) {
        await this.#write(id);
        continue;
      }
      await this.#decide(id);
      return;
    }
  }

  /** Decides what is open. */
  async finish(): Promise<void> {
    for (const id of this.#open) await this.#decide(id);
  }

  async #write(id: number): Promise<void> {
    const first = this.#random.below(this.#partitions);
    const chosen = new Set([first, this.#random.below(this.#partitions)]);
    await this.#producer(id).send(
      [...chosen].map((partition) => ({
        topic: this.#topic,
        partition,
        records: Array.from({length: 1 + this.#random.below(3)}, () => this.#record()),
      })),
    );
  }

  /** Some keys look like the key of an abort marker, which is no reason to take the record for one. */
  #record(): ProducerRecord {
    const value = this.#random.chance(0.1) ? null : `${this.#written++}`;
    const made = record(this.#random.pick(this.keys), value);
    return this.#random.chance(0.1) ? {...made, key: markerKey} : made;
  }

  async #decide(id: number): Promise<void> {
    this.#open.delete(id);
    const fate = this.#random.next();
    if (fate < 0.4) {
      await this.#producer(id).commit();
      this.counts.committed++;
    } else if (fate < 0.8) {
      await this.#producer(id).abort();
      this.counts.aborted++;
    } else {
      this.#producers[id] = await this.#successor(id);
      this.counts.fenced++;
    }
  }

  async #successor(id: number): Promise<TransactionalProducer> {
    const made = this.#client.transactionalProducer(`${this.#topic}-${id}`);
    await made.init();
    return made;
  }

  #producer(id: number): TransactionalProducer {
    return this.#producers[id] as TransactionalProducer;
  }
}
