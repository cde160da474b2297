import {randomBytes} from 'node:crypto';
import {existsSync} from 'node:fs';
import {appendFile, open, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ConfigResourceTypes,
  Kafka,
  ResourcePatternTypes,
  logLevel,
} from 'kafkajs';
import type {AclEntry} from 'kafkajs';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test} from 'vitest';
import {systemClock} from '../../src/common/clock.ts';
import {KafkajsClient} from '../../src/kafka/kafkajs/kafkajs-client.ts';
import {KafkaCluster} from '../servers/kafka-cluster.ts';
import {scramUser} from '../servers/kafka-security.ts';
import {serverPort} from '../support/server-port.ts';
import {openPipeline} from '../support/open-pipeline.ts';
import {OrderWorkload} from '../support/order-workload.ts';
import type {Pipeline, PipelineOptions} from '../support/pipeline.ts';
import {Random} from '../support/random.ts';
import {ServiceProcess} from '../support/service-process.ts';
import {until} from '../support/until.ts';

const secured = {
  'security.protocol': 'SASL_PLAINTEXT',
  'sasl.mechanism': 'SCRAM-SHA-256',
  'sasl.username': scramUser.username,
  'sasl.password': scramUser.password,
};

const everything = {operation: AclOperationTypes.ALL, permissionType: AclPermissionTypes.ALLOW};

function deny(operation: AclOperationTypes): Partial<AclEntry> {
  return {operation, permissionType: AclPermissionTypes.DENY};
}

/** What the service says as it ends with code 1. */
async function failureOf(service: ServiceProcess): Promise<string> {
  expect(await service.exited(), await service.log()).toBe(1);
  const lines = (await service.logged()).trimEnd().split('\n');
  expect(lines.join('\n')).not.toContain(scramUser.password);
  return lines.at(-1) ?? '';
}

/*
 * Bad days of the service on a real Kafka, and the test that shows what it says:
 *
 *   no broker at start                     here; while it runs: kafka-outage
 *   credentials that are refused           here; each mechanism: kafka/kafkajs/bad-days
 *   an ACL that is missing                 here; each request: kafka/kafkajs/bad-days
 *   a topic of another shape               here; kafka/kafkajs/bad-days, streams/runtime/task-plan
 *   a record above max.message.bytes       here; above max.request.size: kafka/kafkajs/bad-days
 *   a record without a schema id           here; streams/runtime/record-reader, sinks/sink-task
 *   a damaged batch                        here; kafka/kafkajs/bad-days, record-batch
 *   a topic that was created again         kafka/kafkajs/bad-days
 *   an offset that was deleted             kafka/kafkajs/bad-days, sinks/sink-connector, cdc/connector
 *   a process that takes over              cdc/connector, suites/kafka-client-suite
 */
describe('the service on a bad day of Kafka', () => {
  let cluster: KafkaCluster;
  let admin: ReturnType<Kafka['admin']>;
  let kafka: Kafka;
  let client: KafkajsClient;
  let pipeline: Pipeline;
  let workload: OrderWorkload;
  let grants: AclEntry[] = [];
  /** `application.id`, so that no test waits for the members of another's groups. */
  let application: string;
  let serial = 0;

  beforeAll(async () => {
    cluster = await KafkaCluster.start({
      authorizer: true,
      listeners: {USERS: {protocol: 'SASL_PLAINTEXT'}},
      properties: {'listener.name.users.sasl.enabled.mechanisms': 'SCRAM-SHA-256'},
    });
    kafka = new Kafka({brokers: [...cluster.brokers], logLevel: logLevel.NOTHING});
    admin = kafka.admin();
    await admin.connect();
    client = await KafkajsClient.connect({
      bootstrapServers: cluster.brokers,
      clientId: 'test',
      clock: systemClock,
    });
  });

  afterAll(async () => {
    await client.close();
    await admin.disconnect();
    await cluster.stop();
  });

  afterEach(async () => {
    await pipeline.close();
    const topics = await client.admin.describeTopics();
    const names = topics.map(({name}) => name);
    await client.admin.deleteTopics(names.filter((name) => !name.startsWith('__')));
    const filters = grants.splice(0);
    if (filters.length > 0) await admin.deleteAcls({filters});
  });

  beforeEach(() => {
    application = `day-${++serial}`;
  });

  /** The pipeline with a few rows in its databases. */
  async function prepare(options: Partial<PipelineOptions> = {}): Promise<void> {
    pipeline = await openPipeline(inject('postgresPort'), {
      kafka: cluster.brokers,
      settings: {'application.id': application},
      ...options,
    });
    workload = new OrderWorkload(pipeline.customersDb, pipeline.productsDb, new Random(1));
    await workload.create(3);
  }

  /** As the user of SCRAM, who may do what `acls` say; `<app>` in a name is the application. */
  async function prepareAsUser(
    acls: readonly [AclResourceTypes, string, Partial<AclEntry>?][],
  ): Promise<void> {
    grants = acls.map(([resourceType, resourceName, entry]) => ({
      principal: `User:${scramUser.username}`,
      host: '*',
      resourceType,
      resourceName: resourceName.replace('<app>', application),
      resourcePatternType: ResourcePatternTypes.LITERAL,
      ...everything,
      ...entry,
    }));
    await admin.createAcls({acl: grants});
    await prepare({kafka: cluster.brokersOf('USERS'), kafkaSettings: secured});
  }

  async function failure(): Promise<string> {
    pipeline.service.start();
    return failureOf(pipeline.service);
  }

  async function runningWith(rows: number): Promise<void> {
    pipeline.service.start();
    await pipeline.service.ready();
    while (workload.orders < rows) await workload.step();
    await until('rows are in the warehouse', async () => {
      const {components} = await pipeline.service.status();
      return Number(components['sink local']?.['rowsWritten'] ?? 0) > 0;
    });
  }

  async function produce(topic: string, key: string, value: string): Promise<void> {
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({topic, messages: [{key, value, partition: 0}]});
    await producer.disconnect();
  }

  async function limitMessages(topic: string, value: string): Promise<void> {
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: ConfigResourceTypes.TOPIC,
          name: topic,
          configEntries: [{name: 'max.message.bytes', value}],
        },
      ],
    });
  }

  test('without a broker at start it says so after default.api.timeout.ms', async () => {
    const port = await serverPort();
    await prepare({
      kafka: [`127.0.0.1:${port}`],
      kafkaSettings: {'default.api.timeout.ms': '1000'},
    });

    expect(await failure()).toMatch(
      new RegExp(
        `^error: Kafka at 127\\.0\\.0\\.1:${port}: connecting did not succeed within 1000 ms .*; check bootstrap\\.servers.* \\(KAFKA_UNREACHABLE\\)$`,
      ),
    );
  });

  test('with credentials that the broker refuses', async () => {
    await prepare({
      kafka: cluster.brokersOf('USERS'),
      kafkaSettings: {...secured, 'sasl.password': `not-${scramUser.password.slice(3)}`},
    });

    expect(await failure()).toMatch(
      /^error: Broker 127\.0\.0\.1:\d+ refused the credentials: .*; check .*sasl\.password \(KAFKA_AUTHENTICATION_FAILED\)$/,
    );
  });

  describe('without an ACL', () => {
    const {TOPIC, GROUP, TRANSACTIONAL_ID, CLUSTER} = AclResourceTypes;
    const all: [AclResourceTypes, string][] = [
      [CLUSTER, 'kafka-cluster'],
      [TOPIC, '*'],
      [GROUP, '*'],
      [TRANSACTIONAL_ID, '*'],
    ];

    const cases: [string, [AclResourceTypes, string, Partial<AclEntry>?][], RegExp][] = [
      [
        'to write a topic of a source',
        [...all, [TOPIC, 'postgres.products.products', deny(AclOperationTypes.WRITE)]],
        /postgres\.products\.products-0.*grant .*WRITE.* on the topic/,
      ],
      [
        'to read a topic of the topology',
        [...all, [TOPIC, 'postgres.products.orders', deny(AclOperationTypes.READ)]],
        /postgres\.products\.orders.*grant .*READ.* on the topic/,
      ],
      [
        'to read the topic of a sink',
        [...all, [TOPIC, 'orders_enriched', deny(AclOperationTypes.READ)]],
        /orders_enriched.*grant .*READ.* on the topic/,
      ],
      [
        'on the group of the topology',
        [...all, [GROUP, '<app>', deny(AclOperationTypes.READ)]],
        /group day-\d+; grant READ on the group/,
      ],
      [
        'on the group of a sink',
        [...all, [GROUP, '<app>-sink-local', deny(AclOperationTypes.READ)]],
        /group day-\d+-sink-local; grant READ on the group/,
      ],
      [
        'on the transactional ids',
        all.filter(([type]) => type !== TRANSACTIONAL_ID),
        /coordinator of transaction day-\d+-.*; grant WRITE and DESCRIBE on the transactional id/,
      ],
      [
        'to create topics',
        [...all.filter(([type]) => type !== CLUSTER), [TOPIC, '*', deny(AclOperationTypes.CREATE)]],
        /creating topic .*grant CREATE on the topic/,
      ],
    ];

    test.each(cases)('%s', async (_, acls, said) => {
      await prepareAsUser(acls);

      const message = await failure();

      expect(message).toMatch(said);
      expect(message).toMatch(
        /^error: .*AUTHORIZATION_FAILED while .*\(KAFKA_AUTHORIZATION_FAILED\)$/,
      );
    });
  });

  describe('with a topic of another shape', () => {
    test.each<[string, string, number, 'compact' | 'delete', RegExp]>([
      [
        'two that are joined have different partition counts',
        'demographics_flattened',
        2,
        'delete',
        /different partition counts \(.*demographics_flattened has 2.*\): equal keys .* repartition one of them/,
      ],
      [
        'a table is not compacted',
        'customers',
        1,
        'delete',
        /Topic customers .*cleanup\.policy delete instead of compact/,
      ],
      [
        'a table has another partition count',
        'customers',
        3,
        'compact',
        /Topic customers .*3 partitions instead of 1/,
      ],
    ])('%s', async (_, topic, partitions, cleanupPolicy, said) => {
      const beside = {name: 'customers_flattened', partitions: 1, cleanupPolicy: 'delete'} as const;
      await client.admin.ensureTopics([beside, {name: topic, partitions, cleanupPolicy}]);
      await prepare();

      const message = await failure();

      expect(message).toMatch(said);
      expect(message).toMatch(/^error: .*\(KAFKA_TOPIC_MISMATCH\)$/);
    });
  });

  test('with a row above max.message.bytes of its topic, and goes on once that is raised', async () => {
    await prepare();
    await runningWith(10);
    await limitMessages('postgres.customers.customers', '1000');
    // Nothing in it repeats: what counts is the batch when it is compressed.
    const long = Array.from({length: 4}, () => randomBytes(189).toString('base64'));
    await pipeline.customersDb.query(
      `INSERT INTO customers.customers VALUES ('big', $1, $2, $3, $4)`,
      long,
    );

    const said =
      /^error: .*postgres\.customers\.customers-0.*raise its max\.message\.bytes.* \(KAFKA_RECORD_TOO_LARGE\)$/;
    expect(await failureOf(pipeline.service)).toMatch(said);
    expect(await failure()).toMatch(said);

    await limitMessages('postgres.customers.customers', '100000');
    pipeline.service.start();
    await pipeline.service.ready();
    await pipeline.caughtUp();
  });

  describe('with a record that nobody here has written', () => {
    test.each([
      ['the topology reads', 'postgres.products.orders', 'The value of record'],
      ['a sink reads', 'orders_enriched', 'sink local, record'],
    ])('in a topic that %s, and goes on when that is tolerated', async (_, topic, start) => {
      await prepare();
      await runningWith(10);
      const offset = (await admin.fetchTopicOffsets(topic))[0]?.offset ?? '';

      await produce(topic, '{"order_id":"foreign"}', '{"order_id":"foreign"}');

      const message = await failureOf(pipeline.service);
      expect(message).toContain(`${topic}-0@${offset}`);
      expect(message).toMatch(
        new RegExp(
          `^error: ${start} .* cannot be read: .*\\. Fix what writes the topic, or set "errors\\.tolerance: all" .* \\(RECORD_UNREADABLE\\)$`,
        ),
      );
      await appendFile(join(pipeline.directory, 'millrace.yaml'), 'errors.tolerance: all\n');
      await runningWith(workload.orders + 10);
    });
  });

  test('with a batch that is damaged on the disk of the broker', async () => {
    await prepare({roles: 'cdc'});
    pipeline.service.start();
    await pipeline.service.ready();
    while (workload.orders < 10) await workload.step();
    const of = {topic: 'postgres.products.orders', partition: 0};
    const file = cluster.logFileOf(1, of);
    await until(
      'the orders are in the topic',
      async () => existsSync(file) && (await readFile(file)).includes('order_id'),
    );
    await pipeline.service.stop();
    const at = (await readFile(file)).lastIndexOf('order_id');
    const handle = await open(file, 'r+');
    await handle.write('x', at);
    await handle.close();

    const all = new ServiceProcess(pipeline.directory, 0);
    all.start();

    expect(await failureOf(all)).toMatch(
      /^error: The batch at offset \d+ of postgres\.products\.orders-0 .*; .*replica.* \(KAFKA_CORRUPT_BATCH\)$/,
    );
  });
});
