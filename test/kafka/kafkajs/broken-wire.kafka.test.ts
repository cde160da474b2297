import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import type {
  GroupMetadata,
  TopicPartition,
  TransactionalProducer,
} from '../../../src/kafka/client.ts';
import {ConnectionLostError} from '../../../src/kafka/kafkajs/connection/broker-error.ts';
import {Cluster} from '../../../src/kafka/kafkajs/connection/cluster.ts';
import {KafkajsClient} from '../../../src/kafka/kafkajs/kafkajs-client.ts';
import type {KafkajsOptions} from '../../../src/kafka/kafkajs/kafkajs-client.ts';
import {KafkajsProducer} from '../../../src/kafka/kafkajs/produce/kafkajs-producer.ts';
import type {ApiRequest} from '../../../src/kafka/kafkajs/protocol/api-request.ts';
import {errorCode} from '../../../src/kafka/kafkajs/protocol/error-code.ts';
import {KafkaCluster} from '../../servers/kafka-cluster.ts';
import {Random} from '../../support/random.ts';
import type {TcpProxy} from '../../support/tcp-proxy.ts';
import {commitRecords, committedValues, record} from './read-and-write.ts';

const outside = (groupId: string): GroupMetadata => ({groupId, generationId: -1, memberId: ''});

/** One way of the wire; a request and its answer take twice as long. */
const DELAY_MS = 4;

describe('KafkajsClient over a broken wire', () => {
  let cluster: KafkaCluster;
  let proxy: TcpProxy;
  /** Around the proxy. */
  let direct: KafkajsClient;
  let opened: {close(): Promise<void>}[] = [];
  let topic: string;

  beforeAll(async () => {
    cluster = await KafkaCluster.start({
      listeners: {PROXIED: {protocol: 'PLAINTEXT', proxied: true}},
    });
    proxy = cluster.proxyOf(1, 'PROXIED');
    direct = await connect({bootstrapServers: cluster.brokers});
    opened = [];
  });

  afterAll(async () => {
    await direct.close();
    await cluster.stop();
  });

  beforeEach(async () => {
    topic = `broken-wire-${crypto.randomUUID()}`;
    await direct.admin.ensureTopics([{name: topic, partitions: 2, cleanupPolicy: 'delete'}]);
  });

  afterEach(async () => {
    await proxy.pass();
    for (const one of opened.splice(0)) await one.close();
  });

  async function connect(options: Partial<KafkajsOptions> = {}): Promise<KafkajsClient> {
    const made = await KafkajsClient.connect({
      bootstrapServers: cluster.brokersOf('PROXIED'),
      clientId: 'test',
      clock: systemClock,
      ...options,
    });
    opened.push(made);
    return made;
  }

  function valuesOf(partition: number): Promise<string[]> {
    return committedValues(direct, {topic, partition});
  }

  async function committedOffset(): Promise<number | null | undefined> {
    return (await direct.admin.committedOffsets(topic, [{topic, partition: 0}]))[0];
  }

  /** Writes `value` to both partitions, with the next offset of the group. */
  async function transaction(by: TransactionalProducer, value: number): Promise<void> {
    await stage(by, value);
    await by.commit();
  }

  async function stage(by: TransactionalProducer, value: number): Promise<void> {
    by.begin();
    await by.send([0, 1].map((partition) => ({topic, partition, records: [record(`${value}`)]})));
    await by.sendOffsets(outside(topic), [{topic, partition: 0, offset: value + 1}]);
  }

  /** A producer of which the first request of one kind takes another way. */
  async function producerWith(
    apiName: string,
    detour: (send: () => Promise<unknown>) => Promise<unknown>,
  ): Promise<KafkajsProducer> {
    const own = new Cluster({
      bootstrapServers: cluster.brokers,
      clientId: 'test',
      connectionTimeoutMs: 1_000,
      requestTimeoutMs: 1_000,
      apiTimeoutMs: 5_000,
      metadataMaxAgeMs: 300_000,
      clock: systemClock,
    });
    opened.push(own);
    await own.refresh();
    const send = own.send.bind(own);
    let isFirst = true;
    vi.spyOn(own, 'send').mockImplementation(
      <T>(lane: string, nodeId: number, request: ApiRequest<T>): Promise<T> => {
        if (request.api.name !== apiName || !isFirst) return send(lane, nodeId, request);
        isFirst = false;
        return detour(() => send('late', nodeId, request)) as Promise<T>;
      },
    );
    const by = new KafkajsProducer(own, topic, {
      transactionalId: topic,
      transactionTimeoutMs: 10_000,
      requestTimeoutMs: 1_000,
      compression: 'none',
      maxBatchBytes: 1_000_000,
    });
    await by.init();
    return by;
  }

  /** A producer whose first request of one kind is not answered, and reaches the broker when `deliver` is called. */
  async function producerWithLate(apiName: string) {
    let held: (() => Promise<unknown>) | undefined;
    const by = await producerWith(apiName, (send) => {
      held = send;
      return Promise.reject(new ConnectionLostError('held back'));
    });
    return {by, deliver: async () => held?.()};
  }

  test('traps 6 and 7: resets at any moment of a transaction neither lose nor double it', async () => {
    const random = new Random(1);
    const client = await connect({requestTimeoutMs: 1_000, apiTimeoutMs: 5_000});
    const by = client.transactionalProducer(topic);
    await by.init();
    await proxy.delay(DELAY_MS);

    const rounds = 30;
    const committed: unknown[] = [];
    for (let round = 0; round < rounds; round++) {
      const isCommit = random.chance(0.5);
      if (isCommit) await stage(by, round);
      const done = isCommit ? by.commit() : transaction(by, round);
      for (let resets = 1 + random.below(2); resets > 0; resets--) {
        await systemClock.sleep(random.below((isCommit ? 3 : 10) * DELAY_MS));
        await proxy.reset();
        await proxy.delay(DELAY_MS);
      }
      await done;
      committed.push(await committedOffset());
    }

    const all = Array.from({length: rounds}, (_, round) => `${round}`);
    expect(committed).toEqual(all.map((round) => Number(round) + 1));
    expect(await valuesOf(0)).toEqual(all);
    expect(await valuesOf(1)).toEqual(all);
  });

  test('trap 6: a transaction that fails is there as a whole or not at all, and init goes on', async () => {
    const random = new Random(2);
    const client = await connect({requestTimeoutMs: 100, apiTimeoutMs: 150});
    const by = client.transactionalProducer(topic);
    await by.init();
    await proxy.delay(DELAY_MS);
    const seen: string[] = [];
    const failures: string[] = [];
    const lost: number[] = [];

    for (let round = 0; round < 20; round++) {
      const done = transaction(by, round).then(
        () => 'committed',
        (error: unknown) => (error as {code?: string}).code ?? String(error),
      );
      await systemClock.sleep(random.below(10 * DELAY_MS));
      await (random.chance(0.5) ? proxy.blackhole() : proxy.refuse());
      const outcome = await done;
      await proxy.delay(DELAY_MS);
      await retrying(() => by.init());
      const isThere = (await committedOffset()) === round + 1;
      if (isThere) seen.push(`${round}`);
      if (outcome !== 'committed') failures.push(outcome);
      else if (!isThere) lost.push(round);
    }

    expect(await valuesOf(0)).toEqual(seen);
    expect(await valuesOf(1)).toEqual(seen);
    expect(lost).toEqual([]);
    expect(new Set(failures)).toEqual(new Set(['KAFKA_UNREACHABLE']));
    expect(failures.length).toBeGreaterThan(5);
  });

  test.each(['carried out', 'not carried out'])(
    'commits though the coordinator fails with an error that it has no name for: %s',
    async (outcome) => {
      const by = await producerWith('EndTxn', async (send) => {
        if (outcome === 'carried out') await send();
        return errorCode.unknownServerError;
      });

      await transaction(by, 0);
      await transaction(by, 1);

      expect(await valuesOf(0)).toEqual(['0', '1']);
      expect(await committedOffset()).toBe(2);
    },
  );

  test('goes on when nothing passes for longer than request.timeout.ms, and late bytes do no harm', async () => {
    const client = await connect({requestTimeoutMs: 100, apiTimeoutMs: 10_000});
    const by = client.transactionalProducer(topic);
    await by.init();

    for (let round = 0; round < 5; round++) {
      await proxy.blackhole();
      const done = transaction(by, round);
      await systemClock.sleep(250);
      await proxy.pass();
      await done;
    }

    const all = ['0', '1', '2', '3', '4'];
    expect(await valuesOf(0)).toEqual(all);
    expect(await valuesOf(1)).toEqual(all);
    expect(await committedOffset()).toBe(5);
  });

  test('reads on from where it stood after resets and silence, nothing lost or doubled', async () => {
    const of: TopicPartition = {topic, partition: 0};
    const count = 2_000;
    const writer = direct.transactionalProducer(topic);
    await writer.init();
    const random = new Random(3);
    const client = await connect({requestTimeoutMs: 200, apiTimeoutMs: 10_000});
    const fetcher = client.fetcher({isolation: 'read_committed', maxPartitionBytes: 2_000});
    fetcher.assign(of, 0);
    const read: string[] = [];
    const reading = (async () => {
      while (read.length < count) {
        for (const {records} of await fetcher.poll(1_000)) {
          read.push(...records.map(({value}) => String(value)));
        }
      }
    })();

    for (let at = 0; at < count; at += 20) {
      const records = Array.from({length: 20}, (_, i) => record(`${at + i}`));
      await commitRecords(writer, of, records);
      if (at % 100 === 0) {
        await (random.chance(0.2) ? proxy.blackhole() : proxy.reset());
        await systemClock.sleep(random.below(20));
        await proxy.pass();
      }
    }
    await reading;
    await fetcher.close();

    expect(read).toEqual(Array.from({length: count}, (_, i) => `${i}`));
  });

  describe('a request that arrives late', () => {
    test('trap 6: an EndTxn does not commit the next transaction', async () => {
      const {by, deliver} = await producerWithLate('EndTxn');
      const of = {topic, partition: 0};
      await commitRecords(by, of, [record('first')]);
      by.begin();
      await by.send([{...of, records: [record('void')]}]);

      await deliver();

      await by.abort();
      expect(await valuesOf(0)).toEqual(['first']);
    });

    test('trap 6: a TxnOffsetCommit does not take the offsets of the next transaction back', async () => {
      const {by, deliver} = await producerWithLate('TxnOffsetCommit');
      by.begin();
      await by.sendOffsets(outside(topic), [{topic, partition: 0, offset: 1}]);
      await by.commit();
      by.begin();
      await by.sendOffsets(outside(topic), [{topic, partition: 0, offset: 2}]);

      await deliver();

      await by.commit();
      expect(await committedOffset()).toBe(2);
    });

    test('trap 7: a Produce is not written again, whatever was written meanwhile', async () => {
      const {by, deliver} = await producerWithLate('Produce');
      const of = {topic, partition: 0};
      await commitRecords(by, of, [record('0')]);
      for (let i = 1; i < 10; i++) await commitRecords(by, of, [record(`${i}`)]);
      by.begin();
      await by.send([{...of, records: [record('10')]}]);

      await deliver();

      await by.commit();
      expect(await valuesOf(0)).toEqual(Array.from({length: 11}, (_, i) => `${i}`));
    });
  });
});

async function retrying(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if ((error as {code?: string}).code !== 'KAFKA_UNREACHABLE') throw error;
    }
  }
}
