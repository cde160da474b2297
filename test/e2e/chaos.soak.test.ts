import {afterEach, describe, expect, inject, test} from 'vitest';
import {ordersTopology} from '../../src/topology.ts';
import {JavaConsumer} from '../servers/java-consumer.ts';
import {KafkaCluster} from '../servers/kafka-cluster.ts';
import {duckdbRows} from '../support/duckdb-rows.ts';
import {openPipeline} from '../support/open-pipeline.ts';
import {OrderWorkload} from '../support/order-workload.ts';
import type {Pipeline} from '../support/pipeline.ts';
import {Random} from '../support/random.ts';
import {StreamsInstance} from '../support/streams-instance.ts';
import {until} from '../support/until.ts';
import type {Row} from '../support/versions.ts';

const PARTITIONS = 4;
/** Partitions that the tasks of all instances read together. */
const INPUTS =
  ordersTopology({semantics: 'cdc', ordersDeletes: 'ignore'}).sources().length * PARTITIONS;
const COLUMNS =
  'order_id, product_id, size, product, department, price, id, first_name, last_name, email, phone, street_address, state, zip_code, country, country_code';

/** `SOAK=long` is `npm run soak`; without it a run takes half a minute. */
const extent =
  process.env['SOAK'] === 'long'
    ? {orders: 100_000, kills: 20, freezes: 5, brokers: 5, timeoutMs: 3_600_000}
    : {orders: 4_000, kills: 4, freezes: 1, brokers: 1, timeoutMs: 300_000};

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** Two processes that run tasks beside one that captures and writes to the warehouse, on three brokers. */
class Chaos {
  readonly #cluster: KafkaCluster;
  readonly #pipeline: Pipeline;
  readonly #instances: readonly StreamsInstance[];
  readonly #random: Random;

  constructor(
    cluster: KafkaCluster,
    pipeline: Pipeline,
    instances: readonly StreamsInstance[],
    random: Random,
  ) {
    this.#cluster = cluster;
    this.#pipeline = pipeline;
    this.#instances = instances;
    this.#random = random;
  }

  start(): void {
    this.#pipeline.service.start();
    for (const {service} of this.#instances) service.start();
  }

  /** kill -9 of a process, which comes back at once. */
  async kill(): Promise<void> {
    const {service} = this.#random.pick([this.#pipeline, ...this.#instances]);
    await service.kill();
    service.start();
  }

  /** One process stands still until another has its tasks, and then goes on as if nothing had been. */
  async freeze(): Promise<void> {
    const frozen = this.#random.pick(this.#instances);
    const others = this.#instances.filter((instance) => instance !== frozen);
    await this.#allRunning();
    const inputs = await this.#inputs(this.#instances);
    frozen.service.freeze();
    await until('the others have taken over', async () => {
      const offsets = await this.#inputs(others);
      return offsets !== undefined && offsets.size === inputs?.size;
    });
    frozen.service.resume();
  }

  /** kill -9 of a broker that leads partitions; it comes back. The controller stays. */
  async killBroker(): Promise<void> {
    const id = this.#random.pick([2, 3]);
    await this.#cluster.kill(id);
    await this.#allRunning();
    await this.#cluster.restart(id);
  }

  /** Everything committed in Postgres has reached the warehouse. */
  async caughtUp(): Promise<void> {
    const {service, customersDb, productsDb} = this.#pipeline;
    const ends = await Promise.all(
      [customersDb, productsDb].map(async (client) => {
        const {rows} = await client.query<{lsn: string}>(
          `SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS lsn`,
        );
        return BigInt(rows[0]?.lsn ?? '0');
      }),
    );
    let seen: unknown;
    await until(
      'everything has arrived',
      async () => {
        const offsets = await this.#inputs(this.#instances);
        const status = await service.status().catch(() => undefined);
        seen = {offsets: offsets && Object.fromEntries(offsets), status};
        if (offsets === undefined || status === undefined || status.logEnds === null) return false;
        const {logEnds} = status;
        const areSourcesDone = ['customers', 'products'].every((name, at) => {
          const lsn = (status.components[`source ${name}`]?.['confirmedLsn'] ?? '0/0') as string;
          const [high = '0', low = '0'] = lsn.split('/');
          return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`) >= (ends[at] as bigint);
        });
        const sink = (status.components['sink local']?.['partitions'] ?? {}) as Readonly<
          Record<string, {readonly nextOffset?: number}>
        >;
        const written = Object.entries(sink).map(([name, {nextOffset}]) => [
          name,
          nextOffset ?? -1,
        ]);
        const isAtEnd = ([name, offset]: readonly (string | number)[]): boolean =>
          Number(offset) >= (logEnds[String(name)] ?? 0);
        return (
          areSourcesDone &&
          offsets.size === INPUTS &&
          [...offsets].every(isAtEnd) &&
          written.length === PARTITIONS &&
          written.every(isAtEnd)
        );
      },
      240_000,
      () => JSON.stringify(seen, undefined, 1),
    );
  }

  async stop(): Promise<void> {
    for (const {service} of this.#instances) await service.stop();
    await this.#pipeline.service.stop();
  }

  async #allRunning(): Promise<void> {
    let logs = '';
    await until(
      'all tasks run',
      async () => {
        if ((await this.#inputs(this.#instances))?.size === INPUTS) return true;
        logs = (await Promise.all(this.#instances.map(({service}) => service.log()))).join('\n\n');
        return false;
      },
      60_000,
      () => logs,
    );
  }

  async #inputs(
    instances: readonly StreamsInstance[],
  ): Promise<ReadonlyMap<string, number> | undefined> {
    const found = await Promise.all(instances.map((instance) => instance.offsets()));
    if (found.includes(undefined)) return undefined;
    return new Map(found.flatMap((offsets) => [...(offsets ?? [])]));
  }
}

describe('instances and brokers under kill -9 and SIGSTOP', () => {
  test(
    'the warehouse and the topic equal SQL over the sources',
    async () => {
      const seed = Number(process.env['SEED'] ?? 20260102);
      const random = new Random(seed);
      const cluster = await KafkaCluster.start({
        roles: ['broker,controller', 'broker', 'broker'],
      });
      closing.push(() => cluster.stop());
      const pipeline = await openPipeline(inject('postgresPort'), {
        kafka: cluster.brokers,
        kafkaSettings: {'session.timeout.ms': '4000', 'min.insync.replicas': '2'},
        settings: {'num.partitions': String(PARTITIONS), 'replication.factor': '3'},
        roles: 'cdc,sinks',
      });
      closing.push(() => pipeline.close());
      const instances = [
        await StreamsInstance.create(pipeline),
        await StreamsInstance.create(pipeline),
      ];
      for (const instance of instances) closing.push(() => instance.close());
      const workload = new OrderWorkload(pipeline.customersDb, pipeline.productsDb, random);
      await workload.create(100);
      const chaos = new Chaos(cluster, pipeline, instances, random);
      chaos.start();

      const acts = random.shuffle([
        ...Array.from({length: extent.kills}, () => () => chaos.kill()),
        ...Array.from({length: extent.freezes}, () => () => chaos.freeze()),
        ...Array.from({length: extent.brokers}, () => () => chaos.killBroker()),
      ]);
      for (const [at, act] of acts.entries()) {
        const share = (extent.orders * (at + 1)) / acts.length;
        while (workload.orders < share) await workload.step();
        await act();
      }
      await chaos.caughtUp();
      await workload.touchAllOrders();
      await chaos.caughtUp();
      await chaos.stop();

      const expected = workload.expected();
      expect(expected.size, `seed ${seed}`).toBeGreaterThan(extent.orders / 2);
      const rows = (await duckdbRows(
        pipeline.warehouse('local'),
        `SELECT ${COLUMNS} FROM orders_enriched`,
      )) as Row[];
      const warehouse = new Map(rows.map((row) => [row['order_id'], row]));
      const consumer = await JavaConsumer.start(cluster.brokers);
      closing.push(() => consumer.stop());
      const records = await consumer.read(
        Array.from({length: PARTITIONS}, (_, partition) => ({topic: 'orders_enriched', partition})),
      );
      const topic = new Map<unknown, Row>();
      for (const {value} of records) {
        const row = JSON.parse((value ?? Buffer.alloc(5)).toString('utf8', 5)) as Row;
        topic.set(row['order_id'], row);
      }
      for (const [place, found] of Object.entries({warehouse, topic})) {
        const wrong = [...expected].filter(([id, row]) =>
          Object.entries(row).some(([column, value]) => found.get(id)?.[column] !== value),
        );
        expect(
          wrong.slice(0, 3),
          `seed ${seed}: ${wrong.length} rows differ in the ${place}`,
        ).toEqual([]);
      }
      // Each order once more after everything was at rest, and not twice.
      expect(new Set(warehouse.keys())).toEqual(new Set(topic.keys()));
    },
    extent.timeoutMs,
  );
});
