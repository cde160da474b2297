import {afterEach, beforeEach, describe, expect, inject, test} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import {Conditions} from '../../../src/common/conditions.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import {KafkajsClient} from '../../../src/kafka/kafkajs/kafkajs-client.ts';
import {partitionFor} from '../../../src/kafka/partitioner.ts';
import {localSerdes} from '../../../src/serde/local-serdes.ts';
import {MemoryStoreProvider} from '../../../src/state/memory-store.ts';
import {StreamsApp} from '../../../src/streams/runtime/streams-app.ts';
import {RecordedMetrics} from '../../support/recorded-metrics.ts';
import {until} from '../../support/until.ts';
import {clicks, countTopology, counted} from './count-topology.ts';
import {RunningApps} from './running-apps.ts';
import {localOnly} from './streams-harness.ts';
import {committedRows} from './topic-rows.ts';

const PARTITIONS = 4;
const KEYS = 400;
const TIMEOUT_MS = 60_000;
const topology = countTopology();

function connect(): Promise<KafkajsClient> {
  return KafkajsClient.connect({
    bootstrapServers: inject('kafkaBrokers'),
    clientId: 'test',
    clock: systemClock,
  });
}

/** Waits until an app runs this many tasks, and has this many standbys. */
async function settled(
  {app}: {readonly app: StreamsApp},
  tasks: number,
  standbys: number,
): Promise<void> {
  await until(`an app has ${tasks} tasks and ${standbys} standbys`, () => {
    const status = app.status() as {
      readonly tasks?: Readonly<Record<string, {readonly state: string}>>;
      readonly standbys?: Readonly<Record<string, unknown>>;
    };
    const states = Object.values(status.tasks ?? {}).map(({state}) => state);
    const kept = Object.keys(status.standbys ?? {});
    return (
      states.length === tasks &&
      states.every((state) => state === 'running') &&
      kept.length === standbys
    );
  });
}

describe('StandbyTasks on Apache Kafka', () => {
  const metrics = new RecordedMetrics();
  const local = localSerdes();
  const applicationId = `standby-${crypto.randomUUID()}`;
  let kafka: KafkajsClient;
  const apps = new RunningApps();
  beforeEach(async () => {
    kafka = await connect();
    await kafka.admin.deleteTopics(['clicks', 'counted', 'counts']);
    await kafka.admin.ensureTopics([
      {name: 'clicks', partitions: PARTITIONS, cleanupPolicy: 'delete'},
    ]);
  });
  afterEach(async () => {
    await apps.stop();
    await kafka.admin.deleteTopics(['clicks', 'counted', 'counts']);
    await kafka.close();
  });

  async function start(instanceId: string) {
    const client = await connect();
    const app = new StreamsApp({
      applicationId,
      topology,
      kafka: client,
      serdes: localOnly(local),
      stores: new MemoryStoreProvider(),
      clock: systemClock,
      logger: silentLogger,
      metrics,
      conditions: new Conditions(),
      options: {
        instanceId,
        groupInstanceId: instanceId,
        releasesPlace: true,
        numPartitions: PARTITIONS,
        numStandbyReplicas: 1,
      },
    });
    return apps.run(app, client);
  }

  async function click(): Promise<void> {
    const producer = kafka.transactionalProducer(`${applicationId}-clicks`);
    await producer.init();
    producer.begin();
    const records = Array.from({length: KEYS}, (_, i) => ({
      key: local.serializer(clicks.key).serialize(`key ${i}`),
      value: local.serializer(clicks.value).serialize({count: 0}),
      timestamp: 1,
      headers: [],
    }));
    const batches = Array.from({length: PARTITIONS}, (_, partition) => ({
      topic: 'clicks',
      partition,
      records: records.filter(({key}) => partitionFor(key, PARTITIONS) === partition),
    }));
    await producer.send(batches);
    await producer.commit();
  }

  const counter = (name: 'millrace_standby_records_total' | 'millrace_restored_records_total') =>
    metrics.counter(name, {store: 'counts'});

  test(
    'takes over tasks without a restore, and counts on',
    async () => {
      const [a, b] = [await start('a'), await start('b')];
      await settled(a, 2, 2);
      await settled(b, 2, 2);
      await click();
      await until('the standbys have seen each count', () => {
        return counter('millrace_standby_records_total') === KEYS;
      });

      await a.stop();
      await settled(b, 4, 0);
      await click();
      await until('each click is counted', async () => {
        return (await committedRows(kafka, local, counted)).length === 2 * KEYS;
      });

      const rows = await committedRows(kafka, local, counted);
      const twice = rows.filter(([, value]) => value?.count === 2);
      expect(twice).toHaveLength(KEYS);
      expect(counter('millrace_restored_records_total')).toBe(0);
    },
    TIMEOUT_MS,
  );
});
