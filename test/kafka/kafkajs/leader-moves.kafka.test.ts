import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import type {GroupMetadata, TopicPartition} from '../../../src/kafka/client.ts';
import {KafkajsClient} from '../../../src/kafka/kafkajs/kafkajs-client.ts';
import {KafkaCluster} from '../../servers/kafka-cluster.ts';
import {TopicLeaders} from '../../servers/topic-leaders.ts';
import {until} from '../../support/until.ts';
import {committedValues, readTo, record} from './read-and-write.ts';

const outside = (groupId: string): GroupMetadata => ({groupId, generationId: -1, memberId: ''});

const numbers = (count: number): string[] => Array.from({length: count}, (_, i) => `${i}`);

const valuesIn = (of: readonly TopicPartition[], value: string): string[] =>
  of.map(({partition}) => `${partition} ${value}`);

const controller = 1;

/** Partitions of the tests' topics: two for each broker to lead. */
const partitions = [0, 1, 2, 3, 4, 5];

describe('KafkajsClient while leaders move', () => {
  let cluster: KafkaCluster;
  let leaders: TopicLeaders;
  let client: KafkajsClient;
  let topic: string;

  beforeAll(async () => {
    cluster = await KafkaCluster.start({roles: ['broker,controller', 'broker', 'broker']});
    leaders = await TopicLeaders.connect(cluster.brokers);
  });

  afterAll(async () => {
    await leaders.close();
    await cluster.stop();
  });

  beforeEach(async () => {
    topic = `leader-moves-${crypto.randomUUID()}`;
    client = await KafkajsClient.connect({
      bootstrapServers: cluster.brokers,
      clientId: 'test',
      clock: systemClock,
    });
    await client.admin.ensureTopics([
      {name: topic, partitions: partitions.length, cleanupPolicy: 'delete'},
    ]);
  });

  afterEach(async () => {
    await client.close();
  });

  /** The broker that leads the one partition of an internal topic: the coordinator. */
  async function coordinator(of: '__transaction_state' | '__consumer_offsets'): Promise<number> {
    return (await leaders.of(of))[0] ?? -1;
  }

  /** The coordinator, on another broker than the controller, without which no other could be elected. */
  async function coordinatorToKill(
    of: '__transaction_state' | '__consumer_offsets',
  ): Promise<number> {
    if ((await coordinator(of)) === controller) await leaders.move(of);
    return coordinator(of);
  }

  async function killUntilMoved(
    id: number,
    of: '__transaction_state' | '__consumer_offsets',
  ): Promise<void> {
    await cluster.kill(id);
    await until('another coordinator', async () => (await coordinator(of)) !== id);
  }

  function batches(value: string) {
    return partitions.map((partition) => ({topic, partition, records: [record(value)]}));
  }

  async function valuesOf(): Promise<string[][]> {
    return Promise.all(partitions.map((partition) => committedValues(client, {topic, partition})));
  }

  test('trap 1: a transaction over all brokers loses nothing when all leaders move within it', async () => {
    const by = client.transactionalProducer(topic);
    await by.init();
    for (let round = 0; round < 4; round++) {
      by.begin();
      await by.send(batches(`${2 * round}`));
      await leaders.move(topic);
      // What is known of the leaders is wrong for every partition.
      await by.send(batches(`${2 * round + 1}`));
      await by.commit();
    }

    expect(await valuesOf()).toEqual(partitions.map(() => numbers(8)));
  });

  test('trap 1: nothing is lost, doubled or out of order while leaders move all the time', async () => {
    const by = client.transactionalProducer(topic);
    await by.init();
    const fetcher = client.fetcher({isolation: 'read_committed'});
    const of: TopicPartition = {topic, partition: 0};
    fetcher.assign(of, 0);
    const moves = {left: 5};
    const moving = (async () => {
      for (; moves.left > 0; moves.left--) await leaders.move(topic);
    })();
    let count = 0;
    while (moves.left > 0) {
      by.begin();
      await by.send(batches(`${count++}`));
      await by.send(batches(`${count++}`));
      await by.commit();
    }
    await moving;

    expect(await valuesOf()).toEqual(partitions.map(() => numbers(count)));
    const [end] = await client.admin.offsets([of]);
    const read = await readTo(fetcher, of, end?.latest ?? 0);
    await fetcher.close();
    expect(read.map(({value}) => String(value))).toEqual(numbers(count));
  });

  test('trap 6: commits though the transaction coordinator is killed between send and commit', async () => {
    const by = client.transactionalProducer(topic);
    await by.init();
    const id = await coordinatorToKill('__transaction_state');
    by.begin();
    await by.send(batches('0'));
    await by.sendOffsets(outside(topic), [{topic, partition: 0, offset: 1}]);

    const killed = killUntilMoved(id, '__transaction_state');
    await by.commit();
    await killed;

    by.begin();
    await by.send(batches('1'));
    await by.commit();
    expect(await valuesOf()).toEqual(partitions.map(() => numbers(2)));
    expect(await client.admin.committedOffsets(topic, [{topic, partition: 0}])).toEqual([1]);
    await cluster.restart(id);
  });

  test('keeps its generation when the group coordinator is killed', async () => {
    const member = client.groupMember({
      groupId: topic,
      topics: [topic],
      sessionTimeoutMs: 10_000,
      assign: (members, counts) =>
        new Map(
          members.map(({memberId}) => [
            memberId,
            {
              partitions: Array.from({length: counts.get(topic) ?? 0}, (_, partition) => ({
                topic,
                partition,
              })),
            },
          ]),
        ),
    });
    const by = client.transactionalProducer(topic);
    await by.init();
    const id = await coordinatorToKill('__consumer_offsets');
    const before = await member.join();

    await killUntilMoved(id, '__consumer_offsets');

    by.begin();
    await by.sendOffsets(before, [{topic, partition: 0, offset: 7}]);
    await by.commit();
    expect(before.ended.aborted).toBe(false);
    expect(await client.admin.committedOffsets(topic, [{topic, partition: 0}])).toEqual([7]);
    const after = await member.join();
    expect(after.assignment).toHaveLength(partitions.length);
    await member.leave();
    await cluster.restart(id);
  });

  test('reads on from the other leaders while one partition has none, and from that one when it has', async () => {
    const lone = `${topic}-lone`;
    await client.admin.ensureTopics([
      {name: lone, partitions: 3, cleanupPolicy: 'delete', replicationFactor: 1},
    ]);
    const dead = (await leaders.of(lone)).indexOf(3);
    const all = [0, 1, 2].map((partition) => ({topic: lone, partition}));
    const alive = all.filter(({partition}) => partition !== dead);
    const fetcher = client.fetcher({isolation: 'read_committed'});
    for (const of of all) fetcher.assign(of, 0);
    await fetcher.poll(0);
    const by = client.transactionalProducer(topic);
    await by.init();
    const write = async (to: readonly TopicPartition[], value: string): Promise<void> => {
      by.begin();
      await by.send(to.map((of) => ({...of, records: [record(value)]})));
      await by.commit();
    };
    const read: string[] = [];
    const readUpTo = async (count: number, maxWaitMs: number): Promise<void> => {
      while (read.length < count) {
        for (const {partition, records} of await fetcher.poll(maxWaitMs)) {
          for (const {value} of records) read.push(`${partition} ${String(value)}`);
        }
      }
    };

    await cluster.kill(3);
    await until('it leads nothing', async () => !(await leaders.of(topic)).includes(3));
    await write(alive, 'now');
    await readUpTo(2, 0);
    await write(alive, 'waiting');
    await readUpTo(4, 1000);
    await cluster.restart(3);
    await write(all, 'again');
    await readUpTo(7, 1000);
    await fetcher.close();

    expect(read.toSorted()).toEqual(
      [
        ...valuesIn(alive, 'now'),
        ...valuesIn(alive, 'waiting'),
        ...valuesIn(all, 'again'),
      ].toSorted(),
    );
  });
});
