/*
 * What lineage costs: the topology of the service alone, twice in this process, once with and once without. Orders from one topic of an
 * embedded log to another, joined with 1,000 products and customers, and a reader that follows as a sink does. The two take turns, a
 * second or so each, so that both share the machine's good minutes and its bad ones; CPU is that of the process, all threads.
 * `npx tsx bench/topology.bench.ts [--orders 25000] [--rounds 20]`
 */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {systemClock} from '../src/common/clock.ts';
import {Conditions} from '../src/common/conditions.ts';
import {silentLogger} from '../src/common/logger.ts';
import type {TransactionalProducer} from '../src/kafka/client.ts';
import {EmbeddedKafka} from '../src/kafka/embedded/embedded-kafka.ts';
import {MemoryRecordsBuilder} from '../src/kafka/memory-records/memory-records-builder.ts';
import {localSerdes} from '../src/serde/local-serdes.ts';
import {lineageOf} from '../src/serde/lineage/lineage-bytes.ts';
import {SOURCE_POSITION_HEADER, encodeSourcePosition} from '../src/serde/source-position.ts';
import {LevelStoreProvider} from '../src/state/level/level-store-provider.ts';
import {StreamsApp} from '../src/streams/runtime/streams-app.ts';
import type {Topic} from '../src/streams/topic.ts';
import {ordersTopology} from '../src/topology.ts';
import * as topics from '../src/topics.ts';
import {noMetrics} from '../test/support/no-metrics.ts';
import {DIMENSION} from './order-tables.ts';

const {values} = parseArgs({
  options: {
    orders: {type: 'string', default: '25000'},
    rounds: {type: 'string', default: '20'},
  },
});
const ORDERS_PER_TRANSACTION = 1000;
/** The feed waits where the reader is further behind, as a source does that reads a database. */
const MAX_BEHIND = 20_000;
/** Not counted: what runs is not compiled yet. */
const WARM_UP_ROUNDS = 4;

interface Row<K, V> {
  readonly key: K;
  readonly value: V;
}

const serdes = localSerdes();

/** A log, what feeds it, the topology and the reader. */
class Pipeline {
  readonly #directory: string;
  readonly #kafka: EmbeddedKafka;
  readonly #producer: TransactionalProducer;
  readonly #stop = new AbortController();
  #running: readonly Promise<unknown>[] = [];
  #lsn = 0n;
  #written = 0;
  #read = 0;

  private constructor(directory: string, kafka: EmbeddedKafka) {
    this.#directory = directory;
    this.#kafka = kafka;
    this.#producer = kafka.transactionalProducer('feed');
  }

  static async start(keepsLineage: boolean): Promise<Pipeline> {
    const directory = await mkdtemp(join(tmpdir(), 'topology-bench-'));
    const log = {directory: join(directory, 'log'), clock: systemClock, logger: silentLogger};
    const kafka = await EmbeddedKafka.open(log);
    const pipeline = new Pipeline(directory, kafka);
    await pipeline.#start(keepsLineage);
    return pipeline;
  }

  async #start(keepsLineage: boolean): Promise<void> {
    const kafka = this.#kafka;
    await this.#producer.init();
    const {customersCdc, demographicsCdc, productsCdc, ordersCdc, ordersEnriched} = topics;
    await kafka.admin.ensureTopics(
      [customersCdc, demographicsCdc, productsCdc, ordersCdc, ordersEnriched].map(({name}) => ({
        name,
        partitions: 1,
        cleanupPolicy: 'delete',
      })),
    );
    await this.#dimensions();
    const app = new StreamsApp({
      applicationId: 'bench',
      topology: ordersTopology({semantics: 'cdc', ordersDeletes: 'ignore'}),
      kafka,
      serdes: {
        serializer: (format) => Promise.resolve(serdes.serializer(format)),
        deserializer: (format) => serdes.deserializer(format),
        resolve: () => Promise.resolve(),
      },
      stores: await LevelStoreProvider.open(join(this.#directory, 'state'), {
        logger: silentLogger,
      }),
      clock: systemClock,
      logger: silentLogger,
      metrics: noMetrics,
      conditions: new Conditions(),
      options: {keepsLineage},
    });
    this.#running = [app.run(this.#stop.signal), this.#follow()];
  }

  /** That many more, from the topic of the changes into the hands of the reader. */
  async orders(count: number): Promise<void> {
    const end = this.#written + count;
    while (this.#written < end) {
      await this.#readUpTo(this.#written - MAX_BEHIND);
      await this.#write(topics.ordersCdc, 'products', ORDERS_PER_TRANSACTION, (i) => {
        const n = this.#written + i;
        const order_id = `${String(n).padStart(8, '0')}-5a3c-4c1e-9b1f-0123456789ab`;
        return {
          key: {order_id},
          value: {
            order_id,
            product_id: `product-${(n * 7919) % DIMENSION}`,
            customer_id: `customer-${(n * 104_729) % DIMENSION}`,
            __deleted: 'false',
          },
        };
      });
      this.#written += ORDERS_PER_TRANSACTION;
    }
    await this.#readUpTo(end);
  }

  /** Bytes of the lineage of the first enriched order. */
  async lineageBytes(): Promise<number> {
    const fetcher = this.#kafka.fetcher({isolation: 'read_committed'});
    fetcher.assign({topic: topics.ordersEnriched.name, partition: 0}, 0);
    const [fetched] = await fetcher.poll(1000);
    await fetcher.close();
    return lineageOf(fetched?.records[0]?.headers ?? [])?.length ?? 0;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
    await this.#kafka.close();
    await rm(this.#directory, {recursive: true, force: true});
  }

  /** One transaction of rows. */
  async #write<K, V>(
    topic: Topic<K, V>,
    source: string,
    count: number,
    row: (at: number) => Row<K, V>,
  ): Promise<void> {
    const builder = new MemoryRecordsBuilder();
    const [keys, rows] = [serdes.serializer(topic.key), serdes.serializer(topic.value)];
    const timestamp = Date.now();
    this.#lsn += 1000n;
    for (let i = 0; i < count; i++) {
      const {key, value} = row(i);
      const position = encodeSourcePosition(
        {name: source, systemId: '7400000000000000001'},
        this.#lsn,
        i + 1,
      );
      builder.begin(timestamp, keys.serialize(key)).bytes(rows.serialize(value));
      builder.end([{key: SOURCE_POSITION_HEADER, value: position}]);
    }
    builder.mark();
    const records = builder.take();
    if (records === undefined) return;
    this.#producer.begin();
    await this.#producer.send([{topic: topic.name, partition: 0, records}]);
    await this.#producer.commit();
  }

  async #dimensions(): Promise<void> {
    await this.#write(topics.customersCdc, 'customers', DIMENSION, (n) => ({
      key: {id: `customer-${n}`},
      value: {
        before: null,
        after: {
          id: `customer-${n}`,
          first_name: `First${n}`,
          last_name: `Lastname${n}`,
          email: `first.lastname${n}@example.com`,
          phone: `555-012-${n}`,
        },
        op: 'r',
      } as never,
    }));
    await this.#write(topics.demographicsCdc, 'customers', DIMENSION, (n) => ({
      key: {id: `customer-${n}`},
      value: {
        before: null,
        after: {
          id: `customer-${n}`,
          street_address: `${n} Quincy Center`,
          state: 'Massachusetts',
          zip_code: '02119',
          country: 'United States',
          country_code: 'US',
        },
        op: 'r',
      } as never,
    }));
    await this.#write(topics.productsCdc, 'products', DIMENSION, (n) => ({
      key: {product_id: `product-${n}`},
      value: {
        product_id: `product-${n}`,
        size: 'XL',
        product: `Wine - White, Bin ${n}`,
        department: 'Outdoors',
        price: `$${n}.20`,
        __deleted: 'false',
      },
    }));
  }

  /** As a sink does: no row has any headers. */
  async #follow(): Promise<void> {
    const fetcher = this.#kafka.fetcher({isolation: 'read_committed', headers: false});
    fetcher.assign({topic: topics.ordersEnriched.name, partition: 0}, 0);
    while (!this.#stop.signal.aborted) {
      for (const {records} of await fetcher.poll(1000, this.#stop.signal)) {
        this.#read += records.length;
      }
      await systemClock.yield();
    }
    await fetcher.close();
  }

  async #readUpTo(count: number): Promise<void> {
    while (this.#read < count) await systemClock.sleep(1);
  }
}

/** CPU of so many orders, in microseconds each. */
async function cpu(pipeline: Pipeline, orders: number): Promise<number> {
  const before = process.cpuUsage();
  await pipeline.orders(orders);
  const {user, system} = process.cpuUsage(before);
  return (user + system) / orders;
}

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

/** Half of the range in which the mean is in 95 of 100 cases. */
function uncertainty(numbers: readonly number[]): number {
  const middle = mean(numbers);
  const variance = mean(numbers.map((number) => (number - middle) ** 2));
  return 2 * Math.sqrt(variance / (numbers.length - 1));
}

const orders = Number(values.orders);
const withLineage = await Pipeline.start(true);
const without = await Pipeline.start(false);
const pairs: {readonly with: number; readonly without: number}[] = [];
for (let round = -WARM_UP_ROUNDS; round < Number(values.rounds); round++) {
  // Who is first finds the garbage of who was last.
  const first = round % 2 === 0 ? withLineage : without;
  const second = first === withLineage ? without : withLineage;
  const [a, b] = [await cpu(first, orders), await cpu(second, orders)];
  if (round >= 0) pairs.push(round % 2 === 0 ? {with: a, without: b} : {with: b, without: a});
}
const costs = pairs.map((pair) => pair.with - pair.without);
const base = mean(pairs.map((pair) => pair.without));
console.log(
  JSON.stringify({
    lineageBytes: await withLineage.lineageBytes(),
    cpuMicrosPerOrder: Number(base.toFixed(2)),
    lineageMicrosPerOrder: Number(mean(costs).toFixed(2)),
    uncertainty: Number(uncertainty(costs).toFixed(2)),
  }),
);
await withLineage.stop();
await without.stop();
