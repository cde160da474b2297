import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {Kafka, logLevel} from 'kafkajs';
import {systemClock} from '../src/common/clock.ts';
import {silentLogger} from '../src/common/logger.ts';
import {KafkajsClient} from '../src/kafka/kafkajs/kafkajs-client.ts';
import {LevelStoreProvider} from '../src/state/level/level-store-provider.ts';
import {RestoreProgress} from '../src/streams/runtime/restore-progress.ts';
import {restoreStores} from '../src/streams/runtime/restorer.ts';
import {KafkaCluster} from '../test/servers/kafka-cluster.ts';
import {openPipeline} from '../test/support/open-pipeline.ts';
import type {Pipeline, PipelineOptions} from '../test/support/pipeline.ts';
import {PostgresServer} from '../test/support/postgres.ts';
import type {ServiceProcess} from '../test/support/service-process.ts';
import {StreamsInstance} from '../test/support/streams-instance.ts';
import {until} from '../test/support/until.ts';
import {createTables} from './order-tables.ts';
import {cpuSeconds, processor} from './process-usage.ts';
import {TopicTail} from './topic-tail.ts';

/*
 * What a restart costs on a real broker, with `--keys` in state (`--runs` of it: a comma list).
 *
 * changelog: as many rows of about 120 bytes are rebuilt from a changelog topic, by the runtime, in this process.
 * restart: the service holds as many customers, is killed with -9 and started again; until the first order that is
 * inserted after the kill stands in orders_enriched, with its state kept and with its state directory wiped.
 * standby: two instances keep each other's tasks warm and one is killed with -9; from when the broker takes it for dead
 * until the first order stands in orders_enriched that had to go through a task of it: orders come only right after the
 * kill, so that those which need no task of it have come long before.
 */
const {values} = parseArgs({
  options: {
    keys: {type: 'string', default: '1000000'},
    runs: {type: 'string', default: 'changelog,restart,standby'},
    /** Of `restart`, with the state kept and wiped each, and of `standby`. */
    kills: {type: 'string', default: '3'},
    /** A directory for a CPU profile of each restart. */
    profile: {type: 'string'},
  },
});
const KEYS = Number(values.keys);
const KILLS = Number(values.kills);
const RUNS: Readonly<Record<string, () => Promise<void>>> = {changelog, restart, standby};
const LOADING_MS = 1_800_000;
const PARTITIONS = 4;
const PRODUCTS = 1000;
const ORDERS_AFTER_KILL = 200;
const LOAD_MS = 2000;

const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {encoding: 'utf8'}).trim();
console.log(
  `commit ${commit}, node ${process.version}, ${processor()}, 2 cores shared with the broker, Postgres and the load`,
);
for (const name of values.runs.split(',')) {
  const run = RUNS[name];
  if (run === undefined) throw new Error(`--runs takes ${Object.keys(RUNS).join(', ')}`);
  await run();
}

async function changelog(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-restore-'));
  await using cluster = await KafkaCluster.start();
  const kafka = await KafkajsClient.connect({
    bootstrapServers: cluster.brokers,
    clientId: 'bench',
    clock: systemClock,
  });
  const topicPartition = {topic: 'rows-changelog', partition: 0};
  const {topic} = topicPartition;
  await kafka.admin.ensureTopics([{name: topic, partitions: 1, cleanupPolicy: 'compact'}]);
  const producer = kafka.transactionalProducer('bench');
  await producer.init();
  let bytes = 0;
  for (let first = 0; first < KEYS; first += 5000) {
    const records = Array.from({length: Math.min(5000, KEYS - first)}, (_, i) => row(first + i));
    for (const {key, value} of records) bytes += key.length + value.length;
    producer.begin();
    await producer.send([{...topicPartition, records}]);
    await producer.commit();
  }

  const [description] = await kafka.admin.describeTopics([topic]);
  const stores = await LevelStoreProvider.open(directory, {logger: silentLogger});
  const store = await stores.open('0_0', 'rows');
  const progress = new RestoreProgress();
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await restoreStores(
    [{store, topicPartition, topicId: description?.topicId ?? '', hasProgress: false}],
    {
      kafka,
      clock: systemClock,
      logger: silentLogger,
      signal: new AbortController().signal,
      progress,
      onRestored: () => Promise.resolve(),
    },
  );
  const seconds = (performance.now() - begun) / 1000;
  const {user, system} = process.cpuUsage(cpu);
  report({
    run: 'changelog',
    rows: progress.records,
    bytesPerRow: Math.round(bytes / KEYS),
    seconds: rounded(seconds),
    rowsPerSecond: Math.round(KEYS / seconds),
    mbPerSecond: rounded(bytes / 1e6 / seconds),
    cpuSeconds: rounded((user + system) / 1e6),
  });
  await store.close();
  await stores.close();
  await kafka.close();
  rmSync(directory, {recursive: true, force: true});
}

/** A row as the service keeps a customer: about 120 bytes with its key. */
function row(n: number) {
  const key = Buffer.from(JSON.stringify({id: `customer-${n}`}));
  const value = Buffer.from(
    JSON.stringify({
      first: `First${n}`,
      last: `Lastname${n}`,
      mail: `first.lastname${n}@example.com`,
    }),
  );
  return {key, value, timestamp: n, headers: []};
}

async function restart(): Promise<void> {
  await withPipeline({}, async (pipeline, brokers) => {
    const {service, directory} = pipeline;
    service.start();
    const tail = await loaded(pipeline, brokers, 1);
    for (let kill = 0; kill < 2 * KILLS; kill++) {
      const state = kill % 2 === 0 ? 'kept' : 'wiped';
      await pipeline.caughtUp();
      const before = tail.arrivals.length;
      await service.kill();
      if (state === 'wiped')
        rmSync(join(directory, 'data', 'state'), {recursive: true, force: true});
      const begun = performance.now();
      service.start(profileFlags(`restart-${state}-${kill}`));
      await insertOrders(pipeline, 1);
      await untilRows(tail, before + 1, [service]);
      report({
        run: 'restart',
        customers: KEYS,
        state,
        secondsToFirstRow: secondsBetween(begun, tail.arrivals[before]),
        cpuSeconds: rounded(cpuSeconds(service.pid)),
      });
      if (values.profile === undefined) continue;
      // A profile is written when the process ends in peace.
      await service.stop();
      service.start();
      await service.ready();
    }
    await tail.close();
  });
}

async function standby(): Promise<void> {
  const options = {
    roles: 'cdc,sinks',
    settings: {'num.partitions': String(PARTITIONS), 'num.standby.replicas': '1'},
  };
  await withPipeline(options, async (pipeline, brokers) => {
    const instances = [
      await StreamsInstance.create(pipeline),
      await StreamsInstance.create(pipeline),
    ];
    try {
      pipeline.service.start();
      for (const {service} of instances) service.start();
      const tail = await loaded(pipeline, brokers, PARTITIONS, instances);
      for (let kill = 0; kill < KILLS; kill++)
        await takeOver(pipeline, brokers, tail, instances[kill % 2] as StreamsInstance, instances);
      await tail.close();
    } finally {
      for (const instance of instances) await instance.close();
    }
  });
}

async function takeOver(
  pipeline: Pipeline,
  brokers: readonly string[],
  tail: TopicTail,
  dead: StreamsInstance,
  instances: readonly StreamsInstance[],
): Promise<void> {
  await until('both are warm', () => areWarm(instances), LOADING_MS);
  const {arrivals} = tail;
  const services = [pipeline.service, ...instances.map(({service}) => service)];
  const survivor = instances.find((instance) => instance !== dead) as StreamsInstance;
  const before = arrivals.length + 1000;
  await insertOrders(pipeline, 1000);
  await untilRows(tail, before, services);
  await until('both are warm', () => areWarm(instances));

  const cpu = cpuSeconds(survivor.service.pid);
  await dead.service.kill();
  const killed = performance.now();
  for (let order = 0; order < ORDERS_AFTER_KILL; order++) {
    await insertOrders(pipeline, 1);
    await systemClock.sleep(LOAD_MS / ORDERS_AFTER_KILL);
  }
  const session = await sessionEnd(brokers);
  const own = arrivals.length;
  const all = before + ORDERS_AFTER_KILL;
  await untilRows(tail, all, [pipeline.service, survivor.service]);
  report({
    run: 'standby',
    customers: KEYS,
    secondsUntilTakenForDead: secondsBetween(killed, session),
    rowsBefore: own - before,
    secondsToFirstRow: secondsBetween(session, arrivals[own]),
    secondsToAllRows: secondsBetween(session, arrivals[all - 1]),
    cpuSeconds: rounded(cpuSeconds(survivor.service.pid) - cpu),
  });
  dead.service.start();
  await dead.service.ready();
}

/** When the broker has found that a member is gone, as far as it can be asked. */
async function sessionEnd(brokers: readonly string[]): Promise<number> {
  const admin = new Kafka({brokers: [...brokers], logLevel: logLevel.NOTHING}).admin();
  await admin.connect();
  await until('the session has timed out', async () => {
    const {groups} = await admin.describeGroups(['millrace']);
    return groups[0]?.state !== 'Stable';
  });
  const at = performance.now();
  await admin.disconnect();
  return at;
}

async function areWarm(instances: readonly StreamsInstance[]): Promise<boolean> {
  const all = await Promise.all(
    instances.map(({service}) => service.status().catch(() => undefined)),
  );
  return all.every((status) => {
    const streams = status?.components['streams'];
    const standbys = Object.values((streams?.['standbys'] ?? {}) as Record<string, {lag?: number}>);
    return (
      streams?.['state'] === 'running' &&
      standbys.length > 0 &&
      // The last offset may be a control record's.
      standbys.every(({lag}) => lag !== undefined && lag <= 1)
    );
  });
}

/** Runs something with a pipeline of `KEYS` customers, on servers of its own. */
async function withPipeline(
  options: Pick<PipelineOptions, 'roles' | 'settings'>,
  run: (pipeline: Pipeline, brokers: readonly string[]) => Promise<void>,
): Promise<void> {
  const postgres = await PostgresServer.start({
    settings: {shared_buffers: '256MB', max_wal_size: '8GB'},
  });
  const cluster = await KafkaCluster.start();
  const pipeline = await openPipeline(postgres.port, {...options, kafka: cluster.brokers});
  try {
    await createTables(pipeline, {customers: KEYS, products: PRODUCTS});
    await run(pipeline, cluster.brokers);
  } finally {
    await pipeline.close();
    await cluster.stop();
    await postgres.stop();
  }
}

/** Waits until the last customers are in the state, which is when their orders come. */
async function loaded(
  pipeline: Pipeline,
  brokers: readonly string[],
  partitions: number,
  instances: readonly StreamsInstance[] = [],
): Promise<TopicTail> {
  const begun = performance.now();
  await pipeline.service.ready();
  const last = Math.min(KEYS, 100);
  const topic = 'orders_enriched';
  await until('the topics are there', async () => {
    const {logEnds} = await pipeline.service.status();
    return logEnds?.[`${topic}-${partitions - 1}`] !== undefined;
  });
  const tail = await TopicTail.open(brokers, topic, partitions);
  await insertOrders(pipeline, last, KEYS - last);
  await untilRows(tail, last, [pipeline.service, ...instances.map(({service}) => service)]);
  const seconds = secondsBetween(begun, performance.now());
  report({run: 'load', customers: KEYS, partitions, seconds});
  return tail;
}

/** Waits until so many rows have come; fails with the log of a service that ends meanwhile. */
async function untilRows(
  {arrivals}: TopicTail,
  count: number,
  services: readonly ServiceProcess[],
): Promise<void> {
  const ends = services.map(async (service) => {
    await service.exited();
    throw new Error(await service.log());
  });
  await Promise.race([
    until('the rows have come', () => arrivals.length >= count, LOADING_MS),
    ...ends,
  ]);
}

/** Orders of any customers; of `count` customers from `first` on, where it is given. */
async function insertOrders({productsDb}: Pipeline, count: number, first?: number): Promise<void> {
  const customer = first === undefined ? `floor(random() * ${KEYS})::int` : `${first} + n`;
  await productsDb.query(
    `INSERT INTO products.orders (order_id, product_id, customer_id)
     SELECT gen_random_uuid(), 'product-' || floor(random() * ${PRODUCTS})::int, 'customer-' || ${customer} FROM generate_series(0, $1::int - 1) n`,
    [count],
  );
}

function profileFlags(name: string): readonly string[] {
  const {profile} = values;
  if (profile === undefined) return [];
  return ['--cpu-prof', `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${name}.cpuprofile`];
}

function secondsBetween(from: number, to: number | undefined): number {
  return rounded(((to ?? Number.NaN) - from) / 1000);
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}

function report(result: Readonly<Record<string, unknown>>): void {
  console.log(JSON.stringify(result));
}
