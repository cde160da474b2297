import {randomUUID} from 'node:crypto';
import {existsSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeEach, describe, expect, inject, onTestFinished, test} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import type {Config} from '../../../src/config/config.ts';
import {loadConfig} from '../../../src/config/load-config.ts';
import {KafkajsClient} from '../../../src/kafka/kafkajs/kafkajs-client.ts';
import {resetCommand} from '../../../src/service/reset/reset-command.ts';
import type {ResetCommand} from '../../../src/service/reset/reset-command.ts';
import {ConfigFolder} from '../../config/config-folder.ts';

const folder = new ConfigFolder();
afterAll(() => folder.remove());

const plan: ResetCommand = {execute: false, outputs: false, sources: []};

let application: string;
let config: Config;
let store: string;
beforeEach(() => {
  application = `reset-${randomUUID()}`;
  const file = join(folder.path, 'm.yaml');
  const data = join(folder.path, application);
  writeFileSync(
    file,
    [
      `application.id: ${application}`,
      `data.dir: ${data}`,
      'kafka:',
      `  bootstrap.servers: ${inject('kafkaBrokers').join(',')}`,
      'sinks:',
      '  local:',
      '    connector: duckdb',
      '    topics: orders_enriched',
    ].join('\n'),
  );
  config = loadConfig({file});
  store = join(data, 'state', '0_0', 'customers');
  mkdirSync(store, {recursive: true});
});

async function connect(): Promise<KafkajsClient> {
  const client = await KafkajsClient.connect({
    bootstrapServers: inject('kafkaBrokers'),
    clientId: 'test',
    clock: systemClock,
  });
  onTestFinished(() => client.close());
  return client;
}

/** Returns what it says. */
async function reset(command: ResetCommand): Promise<string> {
  let said = '';
  const printer = {
    write: (text: string): void => {
      said += text;
    },
    show: () => undefined,
  };
  await resetCommand(config, command, {clock: systemClock, printer});
  return said;
}

describe('resetCommand', () => {
  test('refuses while an instance, or a sink, is alive, and changes nothing', async () => {
    const kafka = await connect();
    const topic = `${application}-orders-by-order`;
    await kafka.admin.ensureTopics([{name: topic, partitions: 1, cleanupPolicy: 'delete'}]);

    for (const groupId of [application, `${application}-sink-local`]) {
      const member = kafka.groupMember({
        groupId,
        topics: [topic],
        sessionTimeoutMs: 6000,
        assign: () => new Map(),
      });
      const {memberId} = await member.join();

      await expect(reset({...plan, execute: true})).rejects.toMatchObject({
        code: 'KAFKA_GROUP_IN_USE',
        message: expect.stringContaining(`group ${groupId} has ${memberId} at 127.0.0.1`),
      });

      await member.leave();
    }
    expect(await kafka.admin.describeTopics([topic])).toHaveLength(1);
    expect(existsSync(store)).toBe(true);
    await kafka.admin.deleteTopics([topic]);
  });

  test('shows its plan, and with --execute follows it', async () => {
    const {admin, ...kafka} = await preparedCluster();
    const internal = `${application}-orders-by-order`;
    const partition = {topic: internal, partition: 0};

    const shown = await reset(plan);
    expect(shown.split('\n')).toEqual([
      `  group ${application}: its offsets`,
      `  topic ${internal}: deleted`,
      `  topic ${application}-orders-waiting-for-product-changelog: deleted`,
      '  store 0_0/customers: deleted',
      'Nothing was changed; with --execute it is.',
      '',
    ]);
    expect(await admin.committedOffsets(application, [partition])).toEqual([3]);
    expect(existsSync(store)).toBe(true);

    await reset({...plan, execute: true});

    expect(await admin.describeTopics(kafka.topics)).toEqual([]);
    expect(await admin.committedOffsets(application, [partition])).toEqual([null]);
    expect(existsSync(store)).toBe(false);
  });
});

async function preparedCluster(): Promise<{
  readonly admin: KafkajsClient['admin'];
  readonly topics: readonly string[];
}> {
  const kafka = await connect();
  const topics = [
    `${application}-orders-by-order`,
    `${application}-orders-waiting-for-product-changelog`,
  ];
  await kafka.admin.ensureTopics(
    topics.map((name) => ({name, partitions: 1, cleanupPolicy: 'delete'})),
  );
  const producer = kafka.transactionalProducer(application);
  await producer.init();
  producer.begin();
  await producer.sendOffsets({groupId: application, generationId: -1, memberId: ''}, [
    {topic: topics[0] as string, partition: 0, offset: 3},
  ]);
  await producer.commit();
  return {admin: kafka.admin, topics};
}
