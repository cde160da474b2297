import {join} from 'node:path';
import {Kafka, logLevel} from 'kafkajs';
import {ServerProcess} from '../../test/servers/server-process.ts';
import {startDebezium} from './debezium.ts';
import type {PeerFiles} from './peer-files.ts';
import type {Surroundings} from './surroundings.ts';
import type {SystemKind, SystemUnderTest} from './system-under-test.ts';

export interface PeerOptions {
  /** `ksqldb`: every statement through its topic; `lean`: only what the result needs. */
  readonly form: 'ksqldb' | 'lean';
  /** Debezium's `poll.interval.ms`. */
  readonly pollIntervalMs: number;
}

/** What the topology reads and writes by name, as the seed has them. */
const STREAM_TOPICS = [
  'postgres.customers.customers',
  'postgres.customers.demographics',
  'postgres.products.products',
  'postgres.products.orders',
  'customers_flattened',
  'demographics_flattened',
  'products_rekeyed',
  'orders_rekeyed',
  'orders_enriched',
];
const TABLE_TOPICS = ['customers', 'demographics', 'customers_enriched', 'products'];

/** Debezium in Kafka Connect, two connectors in one worker, and a Kafka Streams app; each hop under exactly-once. */
export function debeziumAndStreams(files: PeerFiles, options: PeerOptions): SystemKind {
  const {form, pollIntervalMs} = options;
  return {
    name: 'Debezium + Kafka Streams',
    includes:
      `Debezium ${files.debeziumVersion} in one distributed Connect worker (exactly.once.source.support, JSON without schemas, poll.interval.ms=${pollIntervalMs}), ` +
      `Kafka Streams ${files.kafkaVersion} (exactly_once_v2, RocksDB, form ${form}), heaps of 1 GB; no warehouse sink`,
    start: (surroundings) => start(files, options, surroundings),
  };
}

async function start(
  files: PeerFiles,
  {form, pollIntervalMs}: PeerOptions,
  surroundings: Surroundings,
): Promise<SystemUnderTest> {
  await createTopics(surroundings.brokers);
  // A failure of either ends this process, and that the other one.
  const [worker, app] = await Promise.all([
    startDebezium(files, pollIntervalMs, surroundings),
    startStreams(files, form, surroundings),
  ]);
  return {
    pids: {Debezium: worker.pid, 'Kafka Streams': app.pid},
    delivered: () => Promise.resolve(),
    log: async () =>
      [worker.log, app.log, await worker.status('customers'), await worker.status('products')].join(
        '\n',
      ),
    stop: async () => {
      await Promise.all([worker.stop(), app.end('SIGKILL')]);
      return undefined;
    },
  };
}

function startStreams(
  {classpath}: PeerFiles,
  form: PeerOptions['form'],
  {brokers, folder}: Surroundings,
): Promise<ServerProcess> {
  return ServerProcess.start({
    name: 'Kafka Streams',
    args: [
      '-Xmx1g',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-cp',
      classpath,
      'SeedPipeline',
      brokers.join(','),
      form,
      join(folder, 'streams-state'),
    ],
    isReady: (log) => log.includes('state RUNNING'),
  });
}

async function createTopics(brokers: readonly string[]): Promise<void> {
  const kafka = new Kafka({brokers: [...brokers], logLevel: logLevel.NOTHING});
  const admin = kafka.admin();
  await admin.connect();
  try {
    await admin.createTopics({
      waitForLeaders: true,
      topics: [
        ...STREAM_TOPICS.map((topic) => ({topic, numPartitions: 1, replicationFactor: 1})),
        ...TABLE_TOPICS.map((topic) => ({
          topic,
          numPartitions: 1,
          replicationFactor: 1,
          configEntries: [{name: 'cleanup.policy', value: 'compact'}],
        })),
      ],
    });
  } finally {
    await admin.disconnect();
  }
}
