import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {Kafka, logLevel} from 'kafkajs';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test} from 'vitest';
import type {CheckResult} from '../../src/common/check-result.ts';
import {KafkaCluster} from '../servers/kafka-cluster.ts';
import {scramUser} from '../servers/kafka-security.ts';
import {resultOf, troubles} from '../support/check-results.ts';
import {runKafkaTool} from '../support/kafka-tools.ts';
import {openPipeline} from '../support/open-pipeline.ts';
import {OrderWorkload} from '../support/order-workload.ts';
import type {Pipeline} from '../support/pipeline.ts';
import {Random} from '../support/random.ts';
import {until} from '../support/until.ts';

const run = promisify(execFile);

/** What a healthy set-up is warned of all the same. */
const isUsual = (line: string): boolean => line.includes('max_slot_wal_keep_size');

describe('millrace check against a Kafka with ACLs', () => {
  let cluster: KafkaCluster;
  let admin: ReturnType<Kafka['admin']>;
  let pipeline: Pipeline;

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

  beforeEach(async () => {
    pipeline = await openPipeline(inject('postgresPort'), {
      kafka: cluster.brokersOf('USERS'),
      kafkaSettings: {
        'security.protocol': 'SASL_PLAINTEXT',
        'sasl.mechanism': 'SCRAM-SHA-256',
        'sasl.username': scramUser.username,
        'sasl.password': scramUser.password,
      },
      settings: {'num.partitions': '2'},
    });
  });
  afterEach(() => pipeline.close());

  /** All results of the command, whatever it ends with. */
  async function check(): Promise<readonly (CheckResult & {readonly component: string})[]> {
    const args = ['check', '--config', join(pipeline.directory, 'millrace.yaml'), '--format=json'];
    const {stdout} = await run(process.execPath, ['dist/main.js', ...args]).catch(
      (error: {stdout: string}) => error,
    );
    return (JSON.parse(stdout) as {results: (CheckResult & {component: string})[]}).results;
  }

  async function traces(): Promise<unknown> {
    const {groups} = await admin.listGroups();
    return [(await admin.listTopics()).toSorted(), groups];
  }

  test('names every right that a run takes, leaves nothing, and knows the slot from then on', async () => {
    const workload = new OrderWorkload(pipeline.customersDb, pipeline.productsDb, new Random(1));
    await workload.create(3);

    const before = await traces();

    const denied = await check();
    const commands = denied.flatMap(({component, commands: some = []}) =>
      component === 'kafka' ? some : [],
    );
    for (const command of commands) await runKafkaTool(admin, command);
    await until('the rights are known', async () => {
      return troubles(await check()).every(isUsual);
    });

    expect(commands.length).toBeGreaterThan(10);
    expect(await traces()).toEqual(before);

    pipeline.service.start();
    await pipeline.service.ready();
    while (workload.orders < 5) await workload.step();
    await pipeline.caughtUp();
    await pipeline.service.stop();
    await until('its walsenders are gone', async () => {
      const {rows} = await pipeline.customersDb.query(
        'SELECT FROM pg_replication_slots WHERE active AND database IN (current_database())',
      );
      return rows.length === 0;
    });
    const {rows: named} = await pipeline.customersDb.query<{slot: string}>(
      'SELECT slot_name AS slot FROM pg_replication_slots WHERE database = current_database()',
    );
    const slot = named[0]?.slot ?? '';
    const after = await check();
    await pipeline.customersDb.query('SELECT pg_drop_replication_slot($1)', [slot]);
    const lost = await check();

    expect(resultOf(after, `slot ${slot}`)).toBe(
      `ok slot ${slot}: there, inactive, wal_status reserved`,
    );
    expect(resultOf(after, 'topic orders_enriched')).toBe(
      'ok topic orders_enriched: there, 2 partitions',
    );
    expect(after.filter(({outcome}) => outcome === 'failed')).toEqual([]);
    expect(resultOf(lost, `slot ${slot}`)).toMatch(
      /^failed .* does not exist any more, changes after .* may be gone -> take a new snapshot/,
    );
  });
});
