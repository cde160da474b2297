import {describe, expect, test} from 'vitest';
import {SOURCE_POSITION_HEADER, encodeSourcePosition} from '../../../src/serde/source-position.ts';
import {MemoryStoreProvider} from '../../../src/state/memory-store.ts';
import {TopologyTestDriver} from '../../../src/streams/testing/topology-test-driver.ts';
import type {Topic} from '../../../src/streams/topic.ts';
import {topicName} from '../../../src/streams/runtime/topic-names.ts';
import {ordersTopology} from '../../../src/topology.ts';
import * as topics from '../../../src/topics.ts';
import {FreezingKafka} from '../../support/freezing-kafka.ts';
import {cdcRecords} from '../../support/order-changes.ts';
import type {Change, DimensionChange} from '../../support/order-changes.ts';
import {Random} from '../../support/random.ts';
import {APPLICATION_ID, StreamsHarness} from './streams-harness.ts';
import type {RunningApp} from './streams-harness.ts';

const PARTITIONS = 4;
const CUSTOMERS = 8;
const PRODUCTS = 6;
const ORDERS = 40;
const INSTANCES = ['a', 'b', 'c'];
const source = {name: 'source', systemId: '7'};
/** Everything a frozen process holds up is over by then. */
const TRANSACTION_TIMEOUT_MS = 6000;
/** Several run at once, on whatever the machine has left. */
const TIMEOUT_MS = 30_000;

const topology = ordersTopology({semantics: 'cdc', ordersDeletes: 'propagate'});
const sources = topology
  .sources()
  .map(({topic}) => ({name: topicName(APPLICATION_ID, topic), internal: topic.internal}));
const published = [
  topics.customersFlattened,
  topics.customers,
  topics.demographics,
  topics.customersEnriched,
  topics.products,
  topics.ordersEnriched,
] as unknown as readonly Topic<unknown, unknown>[];

const ids = (count: number): readonly string[] => Array.from({length: count}, (_, i) => String(i));

const insertInto =
  (table: DimensionChange['table']) =>
  (id: string): Change => ({table, id, text: `${table} ${id}`, deleted: false});

/** Each row is inserted once: whatever meets what first, every output is the same, and comes once. */
function inserts(random: Random): readonly (readonly Change[])[] {
  const changes: Change[] = [
    ...ids(CUSTOMERS).map(insertInto('customers')),
    ...ids(CUSTOMERS).map(insertInto('demographics')),
    ...ids(PRODUCTS).map(insertInto('products')),
    ...ids(ORDERS).map((id): Change => ({
      table: 'orders',
      id,
      product: String(random.below(PRODUCTS)),
      customer: String(random.below(CUSTOMERS)),
      deleted: false,
    })),
  ];
  for (let i = changes.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [changes[i], changes[j]] = [changes[j] as Change, changes[i] as Change];
  }
  const transactions: (readonly Change[])[] = [];
  while (changes.length > 0) transactions.push(changes.splice(0, 1 + random.below(6)));
  return transactions;
}

/** Each order is written several times, with other products and customers, and deleted and inserted again. */
function updates(random: Random): readonly (readonly Change[])[] {
  const dimensions: Change[] = [
    ...ids(CUSTOMERS).map(insertInto('customers')),
    ...ids(CUSTOMERS).map(insertInto('demographics')),
    ...ids(PRODUCTS).map(insertInto('products')),
  ];
  const orders = Array.from({length: 4 * ORDERS}, (): Change => ({
    table: 'orders',
    id: String(random.below(ORDERS)),
    product: String(random.below(PRODUCTS)),
    customer: String(random.below(CUSTOMERS)),
    deleted: random.chance(0.2),
  }));
  const half = dimensions.length / 2;
  const changes = random.shuffle(dimensions);
  const mixed = [...changes.slice(0, half), ...random.shuffle([...orders, ...changes.slice(half)])];
  const transactions: (readonly Change[])[] = [];
  while (mixed.length > 0) transactions.push(mixed.splice(0, 1 + random.below(12)));
  return transactions;
}

interface Instance {
  readonly id: string;
  readonly kafka: FreezingKafka;
  readonly running: RunningApp;
  isDoomed: boolean;
}

/** Instances of one application that come, go, freeze and wake up. */
class Fleet {
  readonly happened: string[] = [];
  readonly #harness: StreamsHarness;
  readonly #random: Random;
  readonly #numStandbyReplicas: number;
  readonly #disks = new Map(INSTANCES.map((id) => [id, new MemoryStoreProvider()]));
  readonly #instances = new Map<string, Instance>();

  constructor(harness: StreamsHarness, random: Random, numStandbyReplicas: number) {
    this.#numStandbyReplicas = numStandbyReplicas;
    this.#harness = harness;
    this.#random = random;
  }

  start(): void {
    const id = INSTANCES.find((candidate) => !this.#instances.has(candidate));
    if (id === undefined) return;
    this.happened.push(`start ${id}`);
    const {kafka: log} = this.#harness;
    const kafka = new FreezingKafka(log.connect(), log.connect());
    const running = this.#harness.run(topology, {
      kafka,
      stores: this.#disks.get(id) as MemoryStoreProvider,
      options: {
        instanceId: id,
        numPartitions: PARTITIONS,
        numStandbyReplicas: this.#numStandbyReplicas,
        maxBufferedRecords: 5,
      },
    });
    this.#instances.set(id, {id, kafka, running, isDoomed: false});
  }

  /** What happens next, by chance. There is always one that is neither frozen nor about to be. */
  async act(): Promise<void> {
    const healthy = [...this.#instances.values()].filter(({isDoomed}) => !isDoomed);
    const doomed = [...this.#instances.values()].filter(({isDoomed}) => isDoomed);
    const act = this.#random.pick(['start', 'stop', 'freeze', 'freeze', 'wake', 'nothing']);
    if (act === 'start') this.start();
    if (act === 'wake' && doomed.length > 0) this.#wake(this.#random.pick(doomed));
    if (healthy.length < 2) return;
    const one = this.#random.pick(healthy);
    if (act === 'stop') await this.#stop(one);
    if (act === 'freeze') this.#freeze(one);
  }

  /** All wake up, and go on together. */
  recover(): void {
    for (const instance of this.#instances.values()) if (instance.isDoomed) this.#wake(instance);
    this.start();
  }

  async stop(): Promise<void> {
    for (const instance of this.#instances.values()) await this.#stop(instance);
  }

  #freeze(instance: Instance): void {
    const steps = 1 + this.#random.below(8);
    this.happened.push(`freeze ${instance.id} in ${steps}`);
    instance.isDoomed = true;
    void instance.kafka.freezeIn(steps).then(() => this.happened.push(`frozen ${instance.id}`));
  }

  #wake(instance: Instance): void {
    this.happened.push(`wake ${instance.id}`);
    instance.isDoomed = false;
    instance.kafka.wake();
  }

  async #stop(instance: Instance): Promise<void> {
    this.happened.push(`stop ${instance.id}`);
    this.#instances.delete(instance.id);
    await instance.running.stop();
  }
}

interface FleetOptions {
  readonly numStandbyReplicas?: number;
  /** What is written to the sources, transaction by transaction. Default: each row once. */
  readonly workload?: (random: Random) => readonly (readonly Change[])[];
}

/** Rows by topic, as the fleet has written them and as they should be. */
async function runFleet(
  seed: number,
  {numStandbyReplicas = 0, workload = inserts}: FleetOptions = {},
) {
  const random = new Random(seed);
  const harness = await StreamsHarness.open({transactionTimeoutMs: TRANSACTION_TIMEOUT_MS});
  try {
    await harness.createTopics(
      sources.filter(({internal}) => !internal).map(({name}) => name),
      PARTITIONS,
    );
    const driver = new TopologyTestDriver(topology);
    const fleet = new Fleet(harness, random, numStandbyReplicas);
    fleet.start();
    fleet.start();
    let commit = 0;
    for (const changes of workload(random)) {
      const timestamp = ++commit;
      const records = changes.flatMap(cdcRecords);
      await harness.produceTogether(
        records.map(({topic, key, value}, i) => {
          const position = encodeSourcePosition(source, BigInt(timestamp), i + 1);
          const headers = [{key: SOURCE_POSITION_HEADER, value: position}];
          const record = harness.record(topic, {key, value, timestamp, headers});
          return {topic: topic.name, record};
        }),
      );
      for (const {topic, key, value} of records) driver.input(topic).pipe(key, value);
      await fleet.act();
      await harness.clock.sleep(random.below(400));
    }
    fleet.recover();
    await harness.caughtUp(...sources);
    await fleet.stop();
    const written = new Map<string, Rows>();
    const expected = new Map<string, Rows>();
    for (const topic of published) {
      written.set(topic.name, await harness.read(topic));
      expected.set(topic.name, driver.output(topic).read());
    }
    return {written, expected, happened: fleet.happened.join(', ')};
  } finally {
    await harness.close();
  }
}

type Rows = readonly (readonly [key: unknown, value: unknown])[];

/** All rows of each topic, in no order. */
function sorted(all: ReadonlyMap<string, Rows>): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...all].map(([name, rows]) => [name, rows.map((row) => JSON.stringify(row)).toSorted()]),
  );
}

function newestOrders(all: ReadonlyMap<string, Rows>): ReadonlyMap<unknown, unknown> {
  return new Map(all.get(topics.ordersEnriched.name));
}

const seeds = Array.from({length: 20}, (_, i) => Number(process.env['SEED'] ?? 1) + i);

describe('StreamsApp with other instances over several partitions', () => {
  test.concurrent.each(seeds)(
    'writes what one instance writes, each row once: seed %i',
    async (seed) => {
      const {written, expected, happened} = await runFleet(seed);

      expect(sorted(written), happened).toEqual(sorted(expected));
      expect(written.get('orders_enriched')).toHaveLength(ORDERS);
    },
    TIMEOUT_MS,
  );

  test.concurrent.each(seeds.slice(0, 6))(
    'writes the same with a standby of each task: seed %i',
    async (seed) => {
      const {written, expected, happened} = await runFleet(seed, {numStandbyReplicas: 1});

      expect(sorted(written), happened).toEqual(sorted(expected));
      expect(written.get('orders_enriched')).toHaveLength(ORDERS);
    },
    TIMEOUT_MS,
  );

  test.concurrent.each(seeds)(
    'ends with the newest version of each order, whichever way it took: seed %i',
    async (seed) => {
      const {written, expected, happened} = await runFleet(seed, {workload: updates});

      expect(newestOrders(written), happened).toEqual(newestOrders(expected));
      expect(newestOrders(written).size).toBeGreaterThan(ORDERS / 2);
    },
    TIMEOUT_MS,
  );
});
