import {Kafka, logLevel} from 'kafkajs';
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import type {CheckResult} from '../../../../src/common/check-result.ts';
import {systemClock} from '../../../../src/common/clock.ts';
import {FatalError} from '../../../../src/common/errors.ts';
import {checkCluster} from '../../../../src/kafka/kafkajs/check/check-cluster.ts';
import type {
  ClusterCheckOptions,
  ClusterNeeds,
} from '../../../../src/kafka/kafkajs/check/check-cluster.ts';
import type {NeededTopic} from '../../../../src/kafka/needed-topic.ts';
import {KafkaCluster} from '../../../servers/kafka-cluster.ts';
import {scramUser} from '../../../servers/kafka-security.ts';
import {commandsOf, resultOf, troubles} from '../../../support/check-results.ts';
import {serverPort} from '../../../support/server-port.ts';
import {runKafkaTool} from '../../../support/kafka-tools.ts';

const user = {
  sasl: {mechanism: 'scram-sha-256', ...scramUser},
  principal: `User:${scramUser.username}`,
} as const;

/**
 * What is not in order once that is as expected: brokers follow the controller's ACLs and settings a moment later. After
 * 20 s, whatever it is then.
 */
async function settled(
  troublesNow: () => Promise<readonly string[]>,
  expected: readonly string[],
): Promise<readonly string[]> {
  const deadline = systemClock.now() + 20_000;
  for (;;) {
    const seen = (await troublesNow()).map((line) => line.split(' -> ')[0] ?? '');
    const isExpected = JSON.stringify(seen) === JSON.stringify(expected);
    if (isExpected || systemClock.now() > deadline) return seen;
  }
}

describe('checkCluster', () => {
  let cluster: KafkaCluster;
  let admin: ReturnType<Kafka['admin']>;
  /** `application.id`. */
  let application: string;

  beforeAll(async () => {
    cluster = await KafkaCluster.start({
      authorizer: true,
      listeners: {USERS: {protocol: 'SASL_PLAINTEXT'}},
      properties: {'listener.name.users.sasl.enabled.mechanisms': 'SCRAM-SHA-256'},
    });
    admin = new Kafka({brokers: [...cluster.brokers], logLevel: logLevel.NOTHING}).admin();
    await admin.connect();
  });

  afterAll(async () => {
    await admin.disconnect();
    await cluster.stop();
  });

  beforeEach(() => {
    application = `check-${crypto.randomUUID()}`;
  });

  function topic(name: string, more: Partial<NeededTopic> = {}): NeededTopic {
    return {
      spec: {
        name: `${application}-${name}`,
        partitions: 2,
        cleanupPolicy: 'delete',
        replicationFactor: 1,
      },
      isExact: true,
      isCreated: true,
      operations: ['READ', 'WRITE'],
      ...more,
    };
  }

  function needs(...topics: readonly NeededTopic[]): ClusterNeeds {
    return {
      topics: topics.map(({spec}) => spec.name),
      plan: () => topics,
      groups: [application],
      transactionalIds: [`${application}-cdc-camel`],
      prefix: application,
    };
  }

  async function check(
    of: ClusterNeeds,
    options: Partial<ClusterCheckOptions> = {},
  ): Promise<readonly CheckResult[]> {
    const results: CheckResult[] = [];
    await checkCluster(
      {
        bootstrapServers: cluster.brokers,
        clientId: 'check',
        principal: 'User:ANONYMOUS',
        requestTimeoutMs: 5_000,
        minInsyncReplicas: undefined,
        maxRequestSize: 1_000_000,
        clock: systemClock,
        ...options,
      },
      async () => of,
      (result) => results.push(result),
    );
    return results;
  }

  function checkAsUser(of: ClusterNeeds): Promise<readonly CheckResult[]> {
    return check(of, {bootstrapServers: cluster.brokersOf('USERS'), ...user});
  }

  async function apply(results: readonly CheckResult[]): Promise<void> {
    for (const {name, outcome} of results)
      if (outcome === 'failed' || outcome === 'warning')
        for (const command of commandsOf(results, name)) await runKafkaTool(admin, command);
  }

  /** What the cluster has of topics, groups and transactional ids. */
  async function traces(): Promise<unknown> {
    return {topics: (await admin.listTopics()).toSorted(), groups: await admin.listGroups()};
  }

  test('finds a cluster in order, and leaves it as it was', async () => {
    const before = await traces();

    const results = await check(needs(topic('a'), topic('b')));

    expect(results.map(({outcome, name, detail}) => [outcome, name, detail])).toEqual([
      ['ok', `broker ${cluster.brokers[0]}`, 'reached as User:ANONYMOUS, without TLS'],
      ['ok', `transactional id ${application}-cdc-camel`, 'Write'],
      ['ok', `group ${application}`, 'Read'],
      ['ok', `topic ${application}-a`, 'the service makes it'],
      ['ok', `topic ${application}-b`, 'the service makes it'],
    ]);
    expect(await traces()).toEqual(before);
  });

  test('names a broker that cannot be reached, and whether another answers', async () => {
    const nobody = `127.0.0.1:${await serverPort()}`;

    const alone = await check(needs(topic('a')), {bootstrapServers: [nobody]});
    const beside = await check(needs(topic('a')), {
      bootstrapServers: [nobody, ...cluster.brokers],
    });

    expect(troubles(alone)).toEqual([
      expect.stringMatching(
        new RegExp(`^failed broker ${nobody}: connect ECONNREFUSED .* -> check bootstrap.servers`),
      ),
      'skipped topics, groups and transactional ids: no broker could be asked',
    ]);
    expect(troubles(beside)).toEqual([expect.stringMatching(`^warning broker ${nobody}: `)]);
    expect(resultOf(beside, `topic ${application}-a`)).toMatch(/^ok /);
  });

  test('names credentials that a broker refuses', async () => {
    const [server = ''] = cluster.brokersOf('USERS');

    const results = await check(needs(), {
      bootstrapServers: [server],
      sasl: {...user.sasl, password: 'wrong'},
    });

    expect(resultOf(results, `broker ${server}`)).toMatch(
      /^failed .* refused the credentials: .* -> check security.protocol, sasl.mechanism, sasl.username and sasl.password$/,
    );
  });

  test('names each missing ACL with the command that gives it', async () => {
    const here = topic('here');
    const of = needs(here, topic('to-be-made'));
    await runKafkaTool(
      admin,
      `kafka-topics.sh --create --topic ${here.spec.name} --partitions ${here.spec.partitions}`,
    );

    const results = await checkAsUser(of);

    expect(troubles(results).map((line) => line.split(' -> ')[0])).toEqual([
      `failed transactional id ${application}-cdc-camel: User:millrace lacks Write, Describe on it`,
      `failed group ${application}: User:millrace lacks Read on it`,
      `failed topic ${here.spec.name}: User:millrace lacks Describe, DescribeConfigs, Read, Write, Create on it`,
      `failed topic ${application}-to-be-made: User:millrace lacks Describe, DescribeConfigs, Read, Write, Create on it`,
    ]);
    expect(commandsOf(results, `group ${application}`)).toEqual([
      `kafka-acls.sh --bootstrap-server ${cluster.brokersOf('USERS')[0]} --add --allow-principal 'User:millrace' --operation Read --group ${application} --resource-pattern-type prefixed`,
    ]);
    await apply(results);
    expect(await settled(async () => troubles(await checkAsUser(of)), [])).toEqual([]);
  });

  test('tells what is missing from what is there', async () => {
    const some = topic('some', {operations: ['READ', 'WRITE', 'DELETE']});
    const fresh = topic('fresh');
    await runKafkaTool(
      admin,
      `kafka-topics.sh --create --topic ${some.spec.name} --partitions ${some.spec.partitions}`,
    );
    await runKafkaTool(
      admin,
      `kafka-acls.sh --add --allow-principal ${user.principal} --operation Write --operation Describe --transactional-id ${application} --resource-pattern-type prefixed`,
    );
    await runKafkaTool(
      admin,
      `kafka-acls.sh --add --allow-principal ${user.principal} --operation Read --operation DescribeConfigs --topic ${some.spec.name}`,
    );
    await runKafkaTool(
      admin,
      `kafka-acls.sh --add --allow-principal ${user.principal} --operation Create --operation Describe --topic ${fresh.spec.name}`,
    );

    const of = needs(some, fresh);

    const lacking = [
      `failed group ${application}: User:millrace lacks Read on it`,
      `failed topic ${some.spec.name}: User:millrace lacks Write, Delete on it`,
      `failed topic ${fresh.spec.name}: User:millrace lacks Describe, DescribeConfigs, Read, Write, Create on it`,
    ];
    expect(await settled(async () => troubles(await checkAsUser(of)), lacking)).toEqual(lacking);
    await apply(await checkAsUser(of));
    expect(await settled(async () => troubles(await checkAsUser(of)), [])).toEqual([]);
  });

  test('names what a topic has otherwise, with the command that changes it', async () => {
    const fewer = topic('fewer');
    const more = topic('more');
    const table = topic('table', {spec: {...topic('table').spec, cleanupPolicy: 'compact'}});
    const small = topic('small', {isExact: false});
    const taken = topic('taken', {isExact: false});
    for (const [{spec}, partitions] of [
      [fewer, 1],
      [more, 3],
      [table, 2],
      [small, 2],
      [taken, 5],
    ] as const)
      await runKafkaTool(
        admin,
        `kafka-topics.sh --create --topic ${spec.name} --partitions ${partitions}`,
      );
    await runKafkaTool(
      admin,
      `kafka-configs.sh --entity-name ${small.spec.name} --add-config max.message.bytes=1000`,
    );
    const of = needs(fewer, more, table, small, taken);

    const results = await check(of);

    expect(troubles(results).map((line) => line.split(' -> ')[0])).toEqual([
      `failed topic ${fewer.spec.name}: it has 1 partitions instead of 2`,
      `failed topic ${more.spec.name}: it has 3 partitions instead of 2`,
      `failed topic ${table.spec.name}: it has cleanup.policy delete instead of compact`,
      `failed topic ${small.spec.name}: max.message.bytes 1000 is below max.request.size 1000000`,
    ]);
    await apply(results);
    expect(await settled(async () => troubles(await check(of)), [])).toEqual([]);
  });

  test('names topics that nothing makes, and those that the cluster would not make', async () => {
    const foreign = topic('foreign', {isCreated: false});
    const spread = topic('spread', {spec: {...topic('spread').spec, replicationFactor: 3}});
    const of = needs(foreign, spread);

    const results = await check(of);

    expect(resultOf(results, `topic ${foreign.spec.name}`)).toMatch(
      /^warning .* does not exist, and nothing of this service makes it/,
    );
    expect(resultOf(results, `topic ${spread.spec.name}`)).toMatch(
      /^failed .* is to have 3 replicas, and there are 1 brokers -> set replication.factor: 1/,
    );
    await apply(results);
    expect(await settled(async () => troubles(await check(needs(foreign))), [])).toEqual([]);
  });

  test('names partition counts that do not fit together', async () => {
    const results = await check({
      ...needs(topic('a')),
      plan: () => {
        throw new FatalError('KAFKA_TOPIC_MISMATCH', 'a has 1, b has 2; repartition one of them');
      },
    });

    expect(resultOf(results, 'partition counts')).toBe(
      'failed partition counts: a has 1, b has 2 -> repartition one of them',
    );
  });
});
