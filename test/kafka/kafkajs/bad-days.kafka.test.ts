import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ConfigResourceTypes,
  Kafka,
  ResourcePatternTypes,
  logLevel,
} from 'kafkajs';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import {Cluster} from '../../../src/kafka/kafkajs/connection/cluster.ts';
import type {ConnectionOptions} from '../../../src/kafka/kafkajs/connection/connection-options.ts';
import {KafkajsFetcher} from '../../../src/kafka/kafkajs/fetch/kafkajs-fetcher.ts';
import {KafkajsClient} from '../../../src/kafka/kafkajs/kafkajs-client.ts';
import type {KafkajsOptions} from '../../../src/kafka/kafkajs/kafkajs-client.ts';
import type {FetchResponse} from '../../../src/kafka/kafkajs/protocol/fetch.ts';
import {KafkaCluster} from '../../servers/kafka-cluster.ts';
import {plainUser, scramUser, unsecuredToken} from '../../servers/kafka-security.ts';
import {serverPort} from '../../support/server-port.ts';
import {until} from '../../support/until.ts';
import {commitRecords, committedValues, readTo, record} from './read-and-write.ts';

type Sasl = NonNullable<ConnectionOptions['sasl']>;

const scram = {mechanism: 'scram-sha-256', ...scramUser} as const;
const outside = {groupId: 'denied', generationId: -1, memberId: ''};

function fatal(code: string, message: RegExp | string): object {
  return {name: 'FatalError', code, message: expect.stringMatching(message) as string};
}

function denied(message: RegExp): object {
  return fatal('KAFKA_AUTHORIZATION_FAILED', message);
}

function tooLarge(message: string): object {
  return fatal('KAFKA_RECORD_TOO_LARGE', message);
}

/** `transaction.max.timeout.ms` by default. */
const BROKER_MAX_TIMEOUT_MS = 900_000;

describe('KafkajsClient on bad days', () => {
  let cluster: KafkaCluster;
  let admin: ReturnType<Kafka['admin']>;
  let client: KafkajsClient;
  let opened: {close(): Promise<void>}[] = [];
  let topic: string;

  beforeAll(async () => {
    cluster = await KafkaCluster.start({
      authorizer: true,
      listeners: {
        SECURE: {protocol: 'SASL_SSL'},
        TLS: {protocol: 'SSL'},
        USERS: {protocol: 'SASL_PLAINTEXT'},
        MUTUAL: {protocol: 'SSL', clientAuth: true},
      },
      properties: {
        'listener.name.users.sasl.enabled.mechanisms': 'SCRAM-SHA-256',
        // Aborts what has timed out this often; 10 s by default.
        'transaction.abort.timed.out.transaction.cleanup.interval.ms': '100',
      },
    });
    admin = new Kafka({brokers: [...cluster.brokers], logLevel: logLevel.NOTHING}).admin();
    await admin.connect();
    await grant(
      [AclResourceTypes.TRANSACTIONAL_ID, 'granted', AclOperationTypes.WRITE],
      [AclResourceTypes.TRANSACTIONAL_ID, 'granted', AclOperationTypes.DESCRIBE],
      [AclResourceTypes.TOPIC, 'granted', AclOperationTypes.ALL],
      [AclResourceTypes.TOPIC, 'described', AclOperationTypes.DESCRIBE],
    );
  });

  afterAll(async () => {
    await admin.disconnect();
    await cluster.stop();
  });

  beforeEach(async () => {
    topic = `bad-days-${crypto.randomUUID()}`;
    client = await connect();
  });

  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
  });

  async function connect(options: Partial<KafkajsOptions> = {}): Promise<KafkajsClient> {
    const made = await KafkajsClient.connect({
      bootstrapServers: cluster.brokers,
      clientId: 'test',
      apiTimeoutMs: 10_000,
      clock: systemClock,
      ...options,
    });
    opened.push(made);
    return made;
  }

  /** As the user of SCRAM, who needs ACLs. */
  function connectAsUser(options: Partial<KafkajsOptions> = {}): Promise<KafkajsClient> {
    return connect({bootstrapServers: cluster.brokersOf('USERS'), sasl: scram, ...options});
  }

  async function grant(
    ...what: readonly (readonly [AclResourceTypes, string, AclOperationTypes])[]
  ): Promise<void> {
    await admin.createAcls({
      acl: [`User:${scramUser.username}`, `User:${plainUser.username}`].flatMap((principal) =>
        what.map(([resourceType, resourceName, operation]) => ({
          resourceType,
          resourceName,
          resourcePatternType: ResourcePatternTypes.PREFIXED,
          principal,
          host: '*',
          operation,
          permissionType: AclPermissionTypes.ALLOW,
        })),
      ),
    });
  }

  async function createTopic(name = topic, configs: Record<string, string> = {}): Promise<void> {
    await client.admin.ensureTopics([{name, partitions: 1, cleanupPolicy: 'delete'}]);
    if (Object.keys(configs).length === 0) return;
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: ConfigResourceTypes.TOPIC,
          name,
          configEntries: Object.entries(configs).map(([key, value]) => ({name: key, value})),
        },
      ],
    });
  }

  async function write(...keys: readonly string[]): Promise<void> {
    const by = client.transactionalProducer(`granted-${topic}`);
    await by.init();
    await commitRecords(
      by,
      {topic, partition: 0},
      keys.map((key) => record(key)),
    );
  }

  describe('connecting', () => {
    test('gives up after default.api.timeout.ms where nobody listens', async () => {
      const port = await serverPort();
      const started = performance.now();

      const connecting = connect({bootstrapServers: [`127.0.0.1:${port}`], apiTimeoutMs: 300});

      await expect(connecting).rejects.toMatchObject({
        name: 'FatalError',
        code: 'KAFKA_UNREACHABLE',
        message: expect.stringMatching(
          `^Kafka at 127.0.0.1:${port}: .* within 300 ms .*ECONNREFUSED.*; check bootstrap.servers`,
        ) as string,
      });
      expect(performance.now() - started).toBeGreaterThanOrEqual(300);
      expect(performance.now() - started).toBeLessThan(3_000);
    });

    const wrong: [string, () => Sasl][] = [
      ['PLAIN', () => ({mechanism: 'plain', username: 'alice', password: 'not-her-word'})],
      ['SCRAM-SHA-256', () => ({...scram, password: 'not-her-word'})],
      ['SCRAM-SHA-512', () => ({...scram, mechanism: 'scram-sha-512', password: 'not-her-word'})],
      [
        'OAUTHBEARER',
        () => ({
          mechanism: 'oauthbearer',
          oauthBearerProvider: async () => ({value: unsecuredToken('not-her-word', -60)}),
        }),
      ],
    ];

    test.each(wrong)('names credentials that are refused: %s', async (mechanism, sasl) => {
      const connecting = connect({
        bootstrapServers: cluster.brokersOf('SECURE'),
        ssl: {ca: [cluster.certificates.authority]},
        sasl: sasl(),
      });

      const error = await connecting.catch((cause: unknown) => cause as Error);
      expect(error, mechanism).toMatchObject({
        name: 'FatalError',
        code: 'KAFKA_AUTHENTICATION_FAILED',
        message: expect.stringMatching(/refused the credentials: .*; check .*sasl\./) as string,
      });
      expect((error as Error).message).not.toContain('not-her-word');
    });

    test('names a SASL mechanism that the listener does not have', async () => {
      const connecting = connectAsUser({sasl: {mechanism: 'plain', ...plainUser}});

      await expect(connecting).rejects.toMatchObject({
        name: 'FatalError',
        code: 'KAFKA_AUTHENTICATION_FAILED',
        message: expect.stringMatching(/check .*sasl\.mechanism/) as string,
      });
    });

    test('names a certificate of an unknown authority', async () => {
      const connecting = connect({
        bootstrapServers: cluster.brokersOf('SECURE'),
        ssl: {},
        sasl: scram,
      });

      await expect(connecting).rejects.toMatchObject({
        name: 'FatalError',
        code: 'KAFKA_TLS_FAILED',
        message: expect.stringMatching(/not trusted: .*; set ssl\.ca\.location/) as string,
      });
    });

    test('names a listener that asks for a certificate of the client', async () => {
      const connecting = connect({
        bootstrapServers: cluster.brokersOf('MUTUAL'),
        ssl: {ca: [cluster.certificates.authority]},
      });

      await expect(connecting).rejects.toMatchObject(
        fatal('KAFKA_TLS_FAILED', /certificate of the client: .*; set ssl\.certificate\.location/),
      );
    });

    const strangers: [string, string, Partial<KafkajsOptions>, RegExp][] = [
      ['plaintext to a TLS listener', 'TLS', {}, /TLS or SASL listener\? see security\.protocol/],
      ['plaintext to a SASL listener', 'USERS', {}, /TLS or SASL listener\? see security\.protoc/],
      ['plaintext to SASL over TLS', 'SECURE', {}, /TLS or SASL listener\? see security\.protocol/],
      ['TLS without SASL', 'SECURE', {ssl: {}}, /ask for SASL\? see security\.protocol/],
      ['TLS to a plaintext listener', 'PLAINTEXT', {ssl: {}}, /without TLS\? see security\.protoc/],
      [
        'SASL to a listener without',
        'PLAINTEXT',
        {sasl: scram},
        /refused the credentials: .*; check security\.protocol/,
      ],
    ];

    test.each(strangers)('hints at security.protocol: %s', async (_, listener, options, hint) => {
      const ssl = options.ssl && {ca: [cluster.certificates.authority]};
      const connecting = connect({
        bootstrapServers: cluster.brokersOf(listener),
        apiTimeoutMs: 300,
        requestTimeoutMs: 1_000,
        ...options,
        ...(ssl && {ssl}),
      });

      await expect(connecting).rejects.toMatchObject({
        name: 'FatalError',
        message: expect.stringMatching(hint) as string,
      });
    });
  });

  const credentials: [string, () => Sasl][] = [
    ['PLAIN', () => ({mechanism: 'plain', ...plainUser})],
    ['SCRAM-SHA-256', () => scram],
    ['SCRAM-SHA-512', () => ({mechanism: 'scram-sha-512', ...scramUser})],
    [
      'OAUTHBEARER',
      () => ({
        mechanism: 'oauthbearer',
        oauthBearerProvider: async () => ({value: unsecuredToken(scramUser.username)}),
      }),
    ],
  ];

  test.each(credentials)('writes and reads over TLS with SASL %s', async (_, sasl) => {
    await createTopic(`granted-${topic}`);
    const of = {topic: `granted-${topic}`, partition: 0};
    const secure = await connect({
      bootstrapServers: cluster.brokersOf('SECURE'),
      ssl: {ca: [cluster.certificates.authority]},
      sasl: sasl(),
    });
    const by = secure.transactionalProducer(`granted-${topic}`);
    await by.init();

    await commitRecords(by, of, [record('a'), record('b')]);

    expect(await committedValues(secure, of)).toEqual(['a', 'b']);
  });

  describe('without an ACL', () => {
    test('names the transactional id', async () => {
      const user = await connectAsUser();

      await expect(user.transactionalProducer('denied-id').init()).rejects.toMatchObject(
        denied(/denied-id.*grant WRITE and DESCRIBE on the transactional id/),
      );
    });

    test('names the topic that is written', async () => {
      const user = await connectAsUser();
      await createTopic(`described-${topic}`);
      const by = user.transactionalProducer('granted-writer');
      await by.init();
      by.begin();

      const sent = by.send([{topic: `described-${topic}`, partition: 0, records: [record('a')]}]);

      await expect(sent).rejects.toMatchObject(
        denied(new RegExp(`described-${topic}-0.*grant .*WRITE.* on the topic`)),
      );
      await by.abort();
    });

    test.each(['hidden', 'described'])('names the %s topic that is read', async (kind) => {
      const user = await connectAsUser();
      await createTopic(`${kind}-${topic}`);
      const fetcher = user.fetcher({isolation: 'read_committed'});
      fetcher.assign({topic: `${kind}-${topic}`, partition: 0}, 0);

      await expect(fetcher.poll(5_000)).rejects.toMatchObject(
        denied(new RegExp(`${kind}-${topic}.*grant .*READ.* on the topic`)),
      );
    });

    test('names the group: its offsets, their commit, and joining it', async () => {
      const user = await connectAsUser();
      await createTopic(`granted-${topic}`);
      const of = {topic: `granted-${topic}`, partition: 0};
      const group = denied(/group denied.*grant READ on the group/);
      const by = user.transactionalProducer('granted-committer');
      await by.init();
      by.begin();
      const member = user.groupMember({
        groupId: 'denied',
        topics: [of.topic],
        sessionTimeoutMs: 10_000,
        assign: () => new Map(),
      });

      await expect(user.admin.committedOffsets('denied', [of])).rejects.toMatchObject(group);
      await expect(by.sendOffsets(outside, [{...of, offset: 1}])).rejects.toMatchObject(group);
      await expect(member.join()).rejects.toMatchObject(group);
      await by.abort();
    });

    test('names the topic that is to be created, deleted, purged or looked at', async () => {
      const user = await connectAsUser();
      await createTopic(`described-${topic}`);
      const name = `described-${topic}`;
      const of = {topic: name, partition: 0};
      const ensured = (wanted: string) =>
        user.admin.ensureTopics([{name: wanted, partitions: 1, cleanupPolicy: 'delete'}]);

      await expect(ensured(`${name}-new`)).rejects.toMatchObject(
        denied(new RegExp(`creating topic ${name}-new; grant CREATE on the topic`)),
      );
      await expect(ensured(name)).rejects.toMatchObject(
        denied(new RegExp(`configuration of topic ${name}; grant DESCRIBE_CONFIGS on the topic`)),
      );
      await expect(user.admin.deleteTopics([name])).rejects.toMatchObject(
        denied(new RegExp(`deleting topic ${name}; grant DELETE on the topic`)),
      );
      await expect(user.admin.deleteRecords([{...of, offset: 0}])).rejects.toMatchObject(
        denied(new RegExp(`deleting records of ${name}-0; grant DELETE on the topic`)),
      );
    });
  });

  describe('topics', () => {
    const others: [string, object, RegExp][] = [
      ['partition count', {partitions: 2}, /has 1 partitions instead of 2; change the topic/],
      ['cleanup policy', {cleanupPolicy: 'compact'}, /cleanup\.policy delete instead of compact/],
      ['replicas', {replicationFactor: 3}, /has 1 replicas instead of 3/],
    ];

    test.each(others)('refuses another %s', async (_, other, pattern) => {
      await createTopic();

      const ensured = client.admin.ensureTopics([
        {name: topic, partitions: 1, cleanupPolicy: 'delete', ...other},
      ]);

      await expect(ensured).rejects.toMatchObject({
        name: 'FatalError',
        code: 'KAFKA_TOPIC_MISMATCH',
        message: expect.stringMatching(pattern) as string,
      });
    });

    test('refuses fewer in-sync replicas than are asked for', async () => {
      await createTopic();
      const careful = await connect({minInsyncReplicas: 2});

      const ensured = careful.admin.ensureTopics([
        {name: topic, partitions: 1, cleanupPolicy: 'delete'},
      ]);

      await expect(ensured).rejects.toMatchObject({
        code: 'KAFKA_TOPIC_MISMATCH',
        message: expect.stringMatching(/min\.insync\.replicas 1 instead of 2/) as string,
      });
    });

    test('refuses to go on in a topic that was deleted and created again', async () => {
      await createTopic();
      await write('a', 'b');
      const of = {topic, partition: 0};
      const fetcher = client.fetcher({isolation: 'read_committed'});
      fetcher.assign(of, 0);
      await readTo(fetcher, of, 3);

      await client.admin.deleteTopics([topic]);
      await createTopic();
      await write('c', 'd', 'e', 'f');

      const read = readTo(fetcher, of, 5);
      await expect(read).rejects.toMatchObject({
        name: 'FatalError',
        code: 'KAFKA_TOPIC_RECREATED',
        message: expect.stringMatching(
          `^Topic ${topic} was deleted and created again while offset 3 of ${topic}-0 was read; .*millrace reset`,
        ) as string,
      });
    });

    test('tells a position from before the start of the log', async () => {
      await createTopic();
      await write('a', 'b', 'c');
      const of = {topic, partition: 0};
      await client.admin.deleteRecords([{...of, offset: 2}]);
      const fetcher = client.fetcher({isolation: 'read_committed'});
      fetcher.assign(of, 1);

      await expect(fetcher.poll(5_000)).rejects.toMatchObject({
        name: 'TaskError',
        code: 'KAFKA_OFFSET_OUT_OF_RANGE',
        message: expect.stringMatching(`^Offset 1 of ${topic}-0 lies outside of its log`) as string,
      });
      fetcher.assign(of, 2);
      expect((await readTo(fetcher, of, 4)).map(({offset}) => offset)).toEqual([2]);
    });
  });

  describe('records', () => {
    test('refuses one above max.request.size and takes the next transaction', async () => {
      await createTopic();
      const of = {topic, partition: 0};
      const small = await connect({maxRequestSize: 10_000});
      const by = small.transactionalProducer(topic);
      await by.init();
      by.begin();
      const records = [record('fits'), record('big', 'x'.repeat(10_001))];

      await expect(by.send([{...of, records}])).rejects.toMatchObject(
        tooLarge(`record for ${topic}-0 .*max.request.size \\(10000\\); raise it`),
      );

      await by.abort();
      await by.init();
      await commitRecords(by, of, [record('a')]);
      expect(await committedValues(client, of)).toEqual(['a']);
    });

    test('refuses one above max.message.bytes of its topic and takes the next transaction', async () => {
      await createTopic(topic, {'max.message.bytes': '10000'});
      const of = {topic, partition: 0};
      const by = client.transactionalProducer(topic);
      await by.init();
      by.begin();

      await expect(
        by.send([{...of, records: [record('big', 'x'.repeat(20_000))]}]),
      ).rejects.toMatchObject(tooLarge(`writing to ${topic}-0.*raise its max.message.bytes`));

      await by.abort();
      await by.init();
      await commitRecords(by, of, [record('a')]);
      expect(await committedValues(client, of)).toEqual(['a']);
    });

    test('tells where a batch is damaged, and reads up to it', async () => {
      await createTopic();
      const of = {topic, partition: 0};
      await write('a', 'b');
      await write('sound');
      const damaging = new Cluster({
        bootstrapServers: cluster.brokers,
        clientId: 'test',
        connectionTimeoutMs: 1_000,
        requestTimeoutMs: 1_000,
        apiTimeoutMs: 1_000,
        metadataMaxAgeMs: 1_000,
        clock: systemClock,
      });
      opened.push(damaging);
      const send = damaging.send.bind(damaging);
      vi.spyOn(damaging, 'send').mockImplementation(async (lane, nodeId, request) => {
        const answer = await send(lane, nodeId, request);
        for (const {records} of (answer as FetchResponse).partitions) {
          const at = records.indexOf('sound');
          if (at >= 0) records.write('found', at);
        }
        return answer;
      });
      await damaging.refresh([topic]);
      const fetcher = new KafkajsFetcher(damaging, 'damaged', {isolation: 'read_committed'});
      fetcher.assign(of, 0);

      await expect(readTo(fetcher, of, 5)).rejects.toMatchObject({
        name: 'FatalError',
        code: 'KAFKA_CORRUPT_BATCH',
        message: expect.stringMatching(
          `^The batch at offset 3 of ${topic}-0 .*; .*replica`,
        ) as string,
      });
      await fetcher.close();
    });
  });

  test('trap 14: learns that its transaction has timed out, and its successor goes on', async () => {
    await createTopic();
    const of = {topic, partition: 0};
    const hasty = await connect({transactionTimeoutMs: 300});
    const by = hasty.transactionalProducer(topic);
    await by.init();
    by.begin();
    await by.send([{...of, records: [record('late')]}]);
    const watcher = client.fetcher({isolation: 'read_committed'});
    watcher.assign(of, 0);
    // The abort marker that the coordinator writes.
    await until('the coordinator has aborted it', async () => {
      await watcher.poll(100);
      return watcher.position(of) === 2;
    });

    await expect(by.commit()).rejects.toMatchObject({
      name: 'TaskError',
      code: 'KAFKA_PRODUCER_FENCED',
    });

    const successor = hasty.transactionalProducer(topic);
    await successor.init();
    await commitRecords(successor, of, [record('a')]);
    expect(await committedValues(client, of)).toEqual(['a']);
  });

  test('keeps a transaction open for as long as was asked for, where others time out', async () => {
    await createTopic();
    const of = {topic, partition: 0};
    const hasty = await connect({transactionTimeoutMs: 300});
    const patient = hasty.transactionalProducer(`${topic}-patient`, {timeoutMs: 60_000});
    const other = hasty.transactionalProducer(`${topic}-other`);
    for (const by of [patient, other]) {
      await by.init();
      by.begin();
      await by.send([{...of, records: [record('late')]}]);
    }
    await until('the coordinator has aborted the other one', async () => {
      const [log] = await client.admin.offsets([of]);
      return log?.latest === 3;
    });

    await patient.commit();

    expect(await committedValues(client, of)).toEqual(['late']);
    await expect(other.commit()).rejects.toMatchObject({code: 'KAFKA_PRODUCER_FENCED'});
  });

  test('does with transaction.timeout.ms where the broker does not allow more', async () => {
    await createTopic();
    const of = {topic, partition: 0};
    const by = client.transactionalProducer(topic, {timeoutMs: BROKER_MAX_TIMEOUT_MS + 1});

    await by.init();
    await commitRecords(by, of, [record('a')]);

    expect(await committedValues(client, of)).toEqual(['a']);
  });
});
