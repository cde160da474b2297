import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import {Conditions} from '../../../src/common/conditions.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import type {KafkaClient, ProducerRecord} from '../../../src/kafka/client.ts';
import {KafkajsClient} from '../../../src/kafka/kafkajs/kafkajs-client.ts';
import {json, kafka as plain} from '../../../src/serde/format.ts';
import {localSerdes} from '../../../src/serde/local-serdes.ts';
import {integer, notNull, struct, varchar} from '../../../src/serde/schema.ts';
import type {CommittedStore, StoreProvider} from '../../../src/state/committed-store.ts';
import {LevelStoreProvider} from '../../../src/state/level/level-store-provider.ts';
import {MemoryStoreProvider} from '../../../src/state/memory-store.ts';
import {StreamsBuilder} from '../../../src/streams/dsl/streams-builder.ts';
import {StreamsApp} from '../../../src/streams/runtime/streams-app.ts';
import {topic} from '../../../src/streams/topic.ts';
import type {Topic} from '../../../src/streams/topic.ts';
import type {Topology} from '../../../src/streams/topology/topology.ts';
import {KafkaCluster} from '../../servers/kafka-cluster.ts';
import {FaultyKafka, Faults} from '../../support/faulty-kafka.ts';
import type {FaultPoint} from '../../support/faulty-kafka.ts';
import {noMetrics} from '../../support/no-metrics.ts';
import {Random} from '../../support/random.ts';
import {until} from '../../support/until.ts';
import {clicks, countTopology, counted} from './count-topology.ts';
import {RunningApps} from './running-apps.ts';
import {localOnly} from './streams-harness.ts';
import {committedRows} from './topic-rows.ts';

interface AppOptions {
  readonly kafka?: (client: KafkaClient) => KafkaClient;
  readonly stores?: StoreProvider;
}

interface Sold {
  readonly id: number;
  readonly price: number;
}

const key = plain(notNull(varchar()));
const price = json(struct({price: notNull(integer())}));
const prices = topic('prices', {key, value: price});
const priceTable = topic('price-table', {key, value: price});
const sale = json(struct({id: notNull(integer())}));
const sales = topic('sales', {key, value: sale});
const sold = topic('sold', {
  key,
  value: json(struct({id: notNull(integer()), price: notNull(integer())})),
});

function salesTopology(): Topology {
  const builder = new StreamsBuilder();
  const table = builder.stream(prices).toTable(priceTable);
  builder
    .stream(sales)
    .join(table, ({id}, row) => ({id, price: row.price}))
    .to(sold);
  return builder.build();
}

/** The traps of a Kafka client that the runtime steps around; those of the client: test/kafka/kafkajs/traps.kafka.test.ts. */
describe('StreamsApp on Apache Kafka', () => {
  const local = localSerdes();
  let cluster: KafkaCluster;
  let client: KafkajsClient;
  const apps = new RunningApps();

  beforeAll(async () => {
    cluster = await KafkaCluster.start({
      listeners: {PROXIED: {protocol: 'PLAINTEXT', proxied: true}},
    });
  });
  afterAll(() => cluster.stop());

  beforeEach(async () => {
    client = await connect(cluster.brokers);
  });
  afterEach(async () => {
    await apps.stop();
    const names = (await client.admin.describeTopics()).map(({name}) => name);
    await client.admin.deleteTopics(names.filter((name) => !name.startsWith('__')));
    await client.close();
  });

  /** Runs it as an application of its own, over the proxied listener. */
  async function start(topology: Topology, options: AppOptions = {}) {
    const {kafka = (own) => own, stores = new MemoryStoreProvider()} = options;
    const own = await connect(cluster.brokersOf('PROXIED'));
    const app = new StreamsApp({
      applicationId: `traps-${crypto.randomUUID()}`,
      topology,
      kafka: kafka(own),
      serdes: localOnly(local),
      stores,
      clock: systemClock,
      logger: silentLogger,
      metrics: noMetrics,
      conditions: new Conditions(),
      options: {},
    });
    return apps.run(app, own);
  }

  async function create(partitions: number, ...names: readonly string[]): Promise<void> {
    await client.admin.ensureTopics(
      names.map((name) => ({name, partitions, cleanupPolicy: 'delete'})),
    );
  }

  function recordOf<V>(of: Topic<string, V>, id: string, value: V, timestamp: number) {
    const record: ProducerRecord = {
      key: local.serializer(of.key).serialize(id),
      value: local.serializer(of.value).serialize(value),
      timestamp,
      headers: [],
    };
    return {topic: of.name, partition: 0, records: [record]};
  }

  async function click(times: number): Promise<void> {
    const by = client.transactionalProducer('clicks');
    await by.init();
    for (let i = 0; i < times; i++) {
      by.begin();
      await by.send([recordOf(clicks, 'a', {count: 0}, i)]);
      await by.commit();
    }
  }

  async function countsEmitted(): Promise<readonly (number | undefined)[]> {
    return (await committedRows(client, local, counted)).map(([, row]) => row?.count);
  }

  const points: readonly FaultPoint[] = [
    'after send',
    'after sendOffsets',
    'before commit',
    'after commit',
  ];

  test.each(points)(
    'trap 8: a store holds nothing of a transaction that is not committed: failure %s',
    async (point) => {
      await create(1, clicks.name);
      const directory = await mkdtemp(join(tmpdir(), 'millrace-traps-'));
      const level = await LevelStoreProvider.open(directory, {logger: silentLogger});
      onTestFinished(async () => {
        await level.close();
        await rm(directory, {recursive: true, force: true});
      });
      const faults = new Faults([{point, kind: 'error', nth: 2}]);
      const atClose: unknown[] = [];
      await start(countTopology(), {
        kafka: (own) => new FaultyKafka(own, faults),
        stores: watched(level, (store) => atClose.push(rowIn(store))),
      });

      await click(1);
      await until('the first click is counted', async () => (await countsEmitted()).length === 1);
      await click(1);
      await until('the second click is counted', async () => (await countsEmitted()).length >= 2);
      await click(1);
      await until('the third click is counted', async () => (await countsEmitted()).length >= 3);

      expect(faults.fired).toBe(1);
      expect(atClose).toEqual([{count: 1}]);
      expect(await countsEmitted()).toEqual([1, 2, 3]);
    },
  );

  test('trap 15: twelve tasks share one producer and a handful of connections', async () => {
    const tasks = 12;
    // Control, group, producer, and of the fetcher: three long polls and what asks without waiting.
    const most = 7;
    const producers: string[] = [];
    await create(tasks, clicks.name);
    const {app} = await start(countTopology(), {kafka: (own) => counting(own, producers)});
    await until('all tasks run', () => Object.keys(runningTasks(app)).length === tasks);

    await click(20);

    await until('the clicks are counted', async () => (await countsEmitted()).length === 20);
    const proxy = cluster.proxyOf(1, 'PROXIED');
    await until(
      'those of the restore have ended',
      () => proxy.connections <= most,
      10_000,
      () => `with ${proxy.connections} connections`,
    );
    expect(producers).toHaveLength(1);
  });

  test('trap 19: joins each record with the row of its time, live and when all is read again', async () => {
    await create(1, prices.name, sales.name);
    const live = await start(salesTopology());
    await until('the app runs', () => Object.keys(runningTasks(live.app)).length === 1);
    const random = new Random(7);
    const by = client.transactionalProducer('sales');
    await by.init();
    const expected: Sold[] = [];
    let current = 0;
    for (let time = 1; time <= 400; time++) {
      const changes = time === 1 || random.chance(0.5);
      const sells = random.chance(0.5);
      if (changes) current = time;
      const batches = [
        ...(sells ? [recordOf(sales, 'shoe', {id: time}, time)] : []),
        ...(changes ? [recordOf(prices, 'shoe', {price: time}, time)] : []),
      ];
      if (batches.length === 0) continue;
      by.begin();
      await by.send(batches);
      await by.commit();
      if (sells) expected.push({id: time, price: current});
    }
    const rows = async (): Promise<readonly Sold[]> =>
      (await committedRows(client, local, sold)).flatMap(([, row]) => row ?? []);
    await until('all is joined', async () => (await rows()).length >= expected.length);
    await live.stop();
    expect(await rows()).toEqual(expected);

    await client.admin.deleteTopics([sold.name, priceTable.name]);
    await start(salesTopology());
    await until('all is joined again', async () => (await rows()).length >= expected.length);

    expect(await rows()).toEqual(expected);
  });

  function rowIn(store: CommittedStore): unknown {
    const row = store.get(local.serializer(counted.key).serialize('a'));
    return row === undefined ? undefined : JSON.parse(row.toString());
  }
});

function connect(bootstrapServers: readonly string[]): Promise<KafkajsClient> {
  return KafkajsClient.connect({bootstrapServers, clientId: 'test', clock: systemClock});
}

function runningTasks(app: StreamsApp): Readonly<Record<string, unknown>> {
  const {tasks = {}} = app.status() as {
    readonly tasks?: Readonly<Record<string, {readonly state: string}>>;
  };
  return Object.fromEntries(Object.entries(tasks).filter(([, {state}]) => state === 'running'));
}

/** Calls `onClose` with each store that is about to be closed. */
function watched(stores: StoreProvider, onClose: (store: CommittedStore) => void): StoreProvider {
  return {
    stored: () => stores.stored(),
    open: async (task, name) => {
      const store = await stores.open(task, name);
      const close = store.close.bind(store);
      store.close = () => {
        onClose(store);
        return close();
      };
      return store;
    },
  };
}

/** Notes the transactional ids of the producers that are made. */
function counting(client: KafkaClient, producers: string[]): KafkaClient {
  return {
    admin: client.admin,
    fetcher: (options) => client.fetcher(options),
    groupMember: (options) => client.groupMember(options),
    transactionalProducer: (id) => {
      producers.push(id);
      return client.transactionalProducer(id);
    },
    close: () => client.close(),
  };
}
