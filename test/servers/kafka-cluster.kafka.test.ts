import {mkdtempSync, rmSync} from 'node:fs';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {AclOperationTypes, AclPermissionTypes, AclResourceTypes} from 'kafkajs';
import {Kafka, ResourcePatternTypes, logLevel} from 'kafkajs';
import type {KafkaConfig} from 'kafkajs';
import {describe, expect, inject, test} from 'vitest';
import {ChildProcess} from '../support/child-process.ts';
import {compileScript} from '../support/compiled-script.ts';
import {isAlive} from '../support/is-alive.ts';
import {until} from '../support/until.ts';
import {JavaConsumer} from './java-consumer.ts';
import {JavaProgram} from './java-program.ts';
import {KafkaCluster} from './kafka-cluster.ts';
import {plainUser, scramUser, unsecuredToken} from './kafka-security.ts';

const scram = {mechanism: 'scram-sha-256', ...scramUser} as const;

function kafkaOf(brokers: readonly string[], {sasl, ...options}: Partial<KafkaConfig> = {}): Kafka {
  return new Kafka({
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    ...options,
    // A copy: kafkajs keeps who has logged in within it, and whoever takes it over logs in as they did.
    ...(sasl && {sasl: {...sasl}}),
  });
}

/** The ids of the brokers that a client with these options is told of. */
async function brokerIds(kafka: Kafka): Promise<readonly number[]> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const {brokers} = await admin.describeCluster();
    return brokers.map(({nodeId}) => nodeId).toSorted((a, b) => a - b);
  } finally {
    await admin.disconnect();
  }
}

async function createTopic(kafka: Kafka, topic: string, replicas: number): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{topic, numPartitions: 3, replicationFactor: replicas}],
  });
  await admin.disconnect();
}

async function leaders(kafka: Kafka, topic: string): Promise<readonly number[]> {
  const admin = kafka.admin();
  await admin.connect();
  const {topics} = await admin.fetchTopicMetadata({topics: [topic]});
  await admin.disconnect();
  return topics[0]?.partitions.map(({leader}) => leader) ?? [];
}

describe('the Kafka of a test run', () => {
  test('has what a formatted cluster has, transactions of version 2 among it', async () => {
    await using features = await JavaProgram.start('FinalizedFeatures', [
      inject('kafkaBrokers').join(','),
    ]);

    expect(await features.next()).toMatchObject({'transaction.version': 2, 'group.version': 1});
  });

  test('shows Java what was committed, not what was aborted or is open', async () => {
    const kafka = kafkaOf(inject('kafkaBrokers'));
    const topic = `read-committed-${process.pid}`;
    await createTopic(kafka, topic, 1);
    const producer = kafka.producer({transactionalId: topic, maxInFlightRequests: 1});
    await producer.connect();
    const committed = await producer.transaction();
    await committed.send({
      topic,
      messages: [
        {partition: 0, key: 'a', value: 'kept', headers: {source: 'test'}},
        {partition: 1, key: 'b', value: null},
      ],
    });
    await committed.commit();
    const aborted = await producer.transaction();
    await aborted.send({topic, messages: [{partition: 0, key: 'c', value: 'aborted'}]});
    await aborted.abort();
    const open = await producer.transaction();
    await open.send({topic, messages: [{partition: 0, key: 'd', value: 'open'}]});

    await using consumer = await JavaConsumer.start(inject('kafkaBrokers'));
    const records = await consumer.read([0, 1, 2].map((partition) => ({topic, partition})));
    await open.abort();
    await producer.disconnect();

    expect(
      records.map(({partition, offset, key, value, headers}) => ({
        partition,
        offset,
        key: key?.toString(),
        value: value?.toString(),
        headers: headers.map((header) => `${header.key}=${header.value?.toString()}`),
      })),
    ).toEqual([
      {partition: 0, offset: 0, key: 'a', value: 'kept', headers: ['source=test']},
      {partition: 1, offset: 0, key: 'b', value: undefined, headers: []},
    ]);
  });
});

describe('KafkaCluster', () => {
  test('answers for transactions and groups from the start, without a second try', async () => {
    await using cluster = await KafkaCluster.start();
    const kafka = kafkaOf(cluster.brokers);
    await createTopic(kafka, 'orders', 1);
    const impatient = kafkaOf(cluster.brokers, {retry: {retries: 0}});
    const producer = impatient.producer({transactionalId: 'first', maxInFlightRequests: 1});
    await producer.connect();

    const transaction = await producer.transaction();
    await transaction.sendOffsets({
      consumerGroupId: 'first',
      topics: [{topic: 'orders', partitions: [{partition: 0, offset: '7'}]}],
    });
    await transaction.commit();
    await producer.disconnect();

    const admin = kafka.admin();
    await admin.connect();
    const offset = async (): Promise<string | undefined> => {
      const [orders] = await admin.fetchOffsets({groupId: 'first', topics: ['orders']});
      return orders?.partitions.find(({partition}) => partition === 0)?.offset;
    };
    // Written after the commit was answered.
    await until('there is an offset', async () => (await offset()) !== '-1');
    expect(await offset()).toBe('7');
    await admin.disconnect();
  });

  test('moves the leaders of a killed broker, which comes back on its port', async () => {
    await using cluster = await KafkaCluster.start({
      roles: ['broker,controller', 'broker', 'broker'],
    });
    const kafka = kafkaOf(cluster.brokers.slice(0, 1));
    await createTopic(kafka, 'orders', 3);
    expect(await brokerIds(kafka)).toEqual([1, 2, 3]);
    expect((await leaders(kafka, 'orders')).toSorted((a, b) => a - b)).toEqual([1, 2, 3]);

    await cluster.kill(3);

    await until('broker 3 leads nothing', async () => {
      const now = await leaders(kafka, 'orders');
      return now.length === 3 && now.every((leader) => leader === 1 || leader === 2);
    });
    expect(await brokerIds(kafka)).toEqual([1, 2]);

    await cluster.restart(3);

    const [, , third] = cluster.brokers;
    expect(await brokerIds(kafkaOf([third as string]))).toEqual([1, 2, 3]);
  });

  test('freezes a broker whose connections stay, and lets it go on', async () => {
    await using cluster = await KafkaCluster.start();
    const [host, port] = cluster.brokers[0]?.split(':') ?? [];
    const admin = kafkaOf(cluster.brokers, {requestTimeout: 200, retry: {retries: 0}}).admin();
    await admin.connect();

    cluster.freeze(1);
    await expect(admin.listTopics()).rejects.toThrow(/timed out/);
    const socket = connect(Number(port), host as string);
    await until('the system takes a connection', () => socket.readyState === 'open');
    socket.destroy();

    cluster.resume(1);
    await until('it answers', async () => {
      try {
        return (await admin.listTopics()).includes('__consumer_offsets');
      } catch (error) {
        if ((error as Error).name === 'KafkaJSRequestTimeoutError') return false;
        throw error;
      }
    });
    await admin.disconnect();
  });

  test('takes users by SCRAM, PLAIN and OAUTHBEARER over TLS, and nobody else', async () => {
    await using cluster = await KafkaCluster.start({
      listeners: {SECURE: {protocol: 'SASL_SSL'}, MUTUAL: {protocol: 'SSL', clientAuth: true}},
    });
    const {authority, client} = cluster.certificates;
    const secure = (options: Partial<KafkaConfig>): Promise<readonly number[]> =>
      brokerIds(
        kafkaOf(cluster.brokersOf('SECURE'), {
          ssl: {ca: [authority]},
          retry: {retries: 0},
          ...options,
        }),
      );

    expect(await secure({sasl: scram})).toEqual([1]);
    expect(await secure({sasl: {mechanism: 'scram-sha-512', ...scramUser}})).toEqual([1]);
    expect(await secure({sasl: {mechanism: 'plain', ...plainUser}})).toEqual([1]);
    expect(
      await secure({
        sasl: {
          mechanism: 'oauthbearer',
          oauthBearerProvider: async () => ({value: unsecuredToken('millrace')}),
        },
      }),
    ).toEqual([1]);
    const mutual = {ca: [authority], key: client.key, cert: client.certificate};
    expect(await brokerIds(kafkaOf(cluster.brokersOf('MUTUAL'), {ssl: mutual}))).toEqual([1]);

    await expect(secure({sasl: {...scram, password: 'wrong'}})).rejects.toThrow(
      /invalid credentials/,
    );
    await expect(
      secure({
        sasl: {
          mechanism: 'oauthbearer',
          oauthBearerProvider: async () => ({value: unsecuredToken('millrace', -60)}),
        },
      }),
    ).rejects.toThrow('No brokers in the broker pool');
    await expect(secure({sasl: scram, ssl: true})).rejects.toThrow(/certificate/);
    const {ca} = mutual;
    const nobody = kafkaOf(cluster.brokersOf('MUTUAL'), {ssl: {ca}, retry: {retries: 0}});
    await expect(brokerIds(nobody)).rejects.toThrow(/certificate|closed/i);
  });

  test('asks for ACLs with an authorizer', async () => {
    await using cluster = await KafkaCluster.start({
      authorizer: true,
      listeners: {SECURE: {protocol: 'SASL_PLAINTEXT'}},
    });
    const superUser = kafkaOf(cluster.brokers).admin();
    await superUser.connect();
    await createTopic(kafkaOf(cluster.brokers), 'orders', 1);
    const user = kafkaOf(cluster.brokersOf('SECURE'), {sasl: scram, retry: {retries: 0}}).admin();
    await user.connect();

    await expect(user.fetchTopicOffsets('orders')).rejects.toThrow(/not authorized/i);
    await superUser.createAcls({
      acl: [
        {
          resourceType: AclResourceTypes.TOPIC,
          resourceName: 'orders',
          resourcePatternType: ResourcePatternTypes.LITERAL,
          principal: `User:${scramUser.username}`,
          host: '*',
          operation: AclOperationTypes.DESCRIBE,
          permissionType: AclPermissionTypes.ALLOW,
        },
      ],
    });

    expect(await user.fetchTopicOffsets('orders')).toHaveLength(3);
    await user.disconnect();
    await superUser.disconnect();
  });

  test('advertises the proxy in front of a listener', async () => {
    await using cluster = await KafkaCluster.start({
      listeners: {PROXIED: {protocol: 'PLAINTEXT', proxied: true}},
    });
    const options = {requestTimeout: 200, retry: {retries: 0}};
    const kafka = kafkaOf(cluster.brokersOf('PROXIED'), options);
    const admin = kafka.admin();
    await admin.connect();
    const {brokers} = await admin.describeCluster();
    expect(brokers.map(({host, port}) => `${host}:${port}`)).toEqual(cluster.brokersOf('PROXIED'));

    await cluster.proxyOf(1, 'PROXIED').blackhole();
    await expect(admin.listTopics()).rejects.toThrow(/timed out/);
    await cluster.proxyOf(1, 'PROXIED').reset();
    await expect(brokerIds(kafka)).rejects.toThrow(/ECONNRESET|closed/i);
    await cluster.proxyOf(1, 'PROXIED').refuse();
    await expect(brokerIds(kafka)).rejects.toThrow(/ECONNREFUSED/);
    await cluster.proxyOf(1, 'PROXIED').pass();

    expect(await brokerIds(kafka)).toEqual([1]);
    await admin.disconnect();
  });

  test('dies with a process that is killed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-kafka-holder-'));
    const holder = new ChildProcess(await compileScript('kafka-holder', folder), []);
    await holder.when('the broker runs', (lines) => lines.length > 0);
    const broker = Number(holder.lines[0]);
    expect(isAlive(broker)).toBe(true);

    await holder.kill();

    await until('the broker is gone', () => !isAlive(broker), 10_000);
    rmSync(folder, {recursive: true, force: true});
  });

  test('says why a node does not start', async () => {
    await expect(KafkaCluster.start({properties: {'log.retention.ms': 'soon'}})).rejects.toThrow(
      /kafka node 1 ended:[^]*log\.retention\.ms/,
    );
  });
});
