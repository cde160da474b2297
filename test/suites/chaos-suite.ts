import {afterEach, expect, inject, test} from 'vitest';
import {SOURCE_POSITION_HEADER} from '../../src/serde/source-position.ts';
import {JavaConsumer} from '../servers/java-consumer.ts';
import {KafkaCluster} from '../servers/kafka-cluster.ts';
import {TopicLeaders} from '../servers/topic-leaders.ts';
import {Chaos} from '../support/chaos.ts';
import {duckdbRows} from '../support/duckdb-rows.ts';
import {openPipeline} from '../support/open-pipeline.ts';
import {OrderWorkload} from '../support/order-workload.ts';
import {Random} from '../support/random.ts';
import {StreamsInstance} from '../support/streams-instance.ts';
import type {Row} from '../support/versions.ts';

const PARTITIONS = 4;
const COLUMNS =
  'order_id, product_id, size, product, department, price, id, first_name, last_name, email, phone, street_address, state, zip_code, country, country_code';

/** How much happens, and in how long. */
export interface ChaosExtent {
  readonly orders: number;
  /** kill -9 of an instance. */
  readonly kills: number;
  /** SIGSTOP of an instance until the others have its tasks. */
  readonly freezes: number;
  /** kill -9 of a broker. */
  readonly brokers: number;
  /** Moves of all leaders of a topic. */
  readonly moves: number;
  /** An instance more or one less, by turns. */
  readonly joins: number;
  readonly timeoutMs: number;
}

/** What instances and brokers do to each other while the four tables are written; called within a `describe`. */
export function chaosSuite({timeoutMs, ...extent}: ChaosExtent): void {
  const closing: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  test(
    'the warehouse and the topic equal SQL over the sources, and no version of an order is written twice',
    async () => {
      const seed = Number(process.env['SEED'] ?? 20260102);
      const random = new Random(seed);
      const cluster = await KafkaCluster.start({
        roles: ['broker,controller', 'broker', 'broker'],
      });
      closing.push(() => cluster.stop());
      const leaders = await TopicLeaders.connect(cluster.brokers);
      closing.push(() => leaders.close());
      const pipeline = await openPipeline(inject('postgresPort'), {
        kafka: cluster.brokers,
        kafkaSettings: {'session.timeout.ms': '4000', 'min.insync.replicas': '2'},
        settings: {'num.partitions': String(PARTITIONS), 'replication.factor': '3'},
        sinks: {current: 'upsert', history: 'append'},
        roles: 'cdc,sinks',
      });
      closing.push(() => pipeline.close());
      const instances: StreamsInstance[] = [];
      for (let i = 0; i < 3; i++) {
        const instance = await StreamsInstance.create(pipeline);
        instances.push(instance);
        closing.push(() => instance.close());
      }
      const workload = new OrderWorkload(pipeline.customersDb, pipeline.productsDb, random);
      await workload.create(100);
      const chaos = new Chaos(
        {cluster, leaders, pipeline, instances, partitions: PARTITIONS},
        random,
      );
      chaos.start();

      const acts = random.shuffle([
        ...repeated(extent.kills, () => chaos.kill()),
        ...repeated(extent.freezes, () => chaos.freeze()),
        ...repeated(extent.brokers, () => chaos.killBroker()),
        ...repeated(extent.moves, () => chaos.moveLeaders()),
        ...repeated(extent.joins, () => chaos.joinOrLeave()),
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
      const consumer = await JavaConsumer.start(cluster.brokers);
      closing.push(() => consumer.stop());
      const records = await consumer.read(
        Array.from({length: PARTITIONS}, (_, partition) => ({topic: 'orders_enriched', partition})),
      );
      const topic = new Map<unknown, Row>();
      const versions: string[] = [];
      for (const {value, headers} of records) {
        const row = JSON.parse((value ?? Buffer.alloc(5)).toString('utf8', 5)) as Row;
        const position = headers.find(({key}) => key === SOURCE_POSITION_HEADER)?.value;
        topic.set(row['order_id'], row);
        versions.push(`${String(row['order_id'])} ${position?.toString('hex') ?? ''}`);
      }
      const rows = (await duckdbRows(
        pipeline.warehouse('current'),
        `SELECT ${COLUMNS} FROM orders_enriched`,
      )) as Row[];
      const warehouse = new Map(rows.map((row) => [row['order_id'], row]));
      for (const [place, found] of Object.entries({warehouse, topic})) {
        const wrong = [...expected].filter(([id, row]) =>
          Object.entries(row).some(([column, value]) => found.get(id)?.[column] !== value),
        );
        expect(
          wrong.slice(0, 3),
          `seed ${seed}: ${wrong.length} rows differ in the ${place}`,
        ).toEqual([]);
      }
      expect(new Set(warehouse.keys())).toEqual(new Set(topic.keys()));
      expect(repetitions(versions).slice(0, 3), `seed ${seed}: written twice`).toEqual([]);
      const history = await duckdbRows(
        pipeline.warehouse('history'),
        'SELECT "partition" AS part, _offset FROM orders_enriched ORDER BY part, _offset',
      );
      expect(history.map(({part, _offset}) => `${String(part)} ${String(_offset)}`)).toEqual(
        records.map(({partition, offset}) => `${partition} ${offset}`),
      );
    },
    timeoutMs,
  );
}

function repeated<T>(times: number, item: T): T[] {
  return Array.from({length: times}, () => item);
}

function repetitions(items: readonly string[]): string[] {
  const seen = new Set<string>();
  return items.filter((item) => seen.size === seen.add(item).size);
}
