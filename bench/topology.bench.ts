/*
 * The topology of the service alone, in this process: orders from one topic of an embedded log to another, joined with
 * 1,000 products and customers, and a reader that follows, as a sink would. CPU is that of the process, all threads, a second
 * round after one that is not counted. `npx tsx bench/topology.bench.ts [--orders 200000] [--lineage false]`
 */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {systemClock} from '../src/common/clock.ts';
import {Conditions} from '../src/common/conditions.ts';
import {silentLogger} from '../src/common/logger.ts';
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
    orders: {type: 'string', default: '200000'},
    lineage: {type: 'string', default: 'true'},
  },
});
const ORDERS_PER_TRANSACTION = 1000;
/** The feed waits where the reader is further behind, as a source does that reads a database. */
const MAX_BEHIND = 20_000;

const directory = await mkdtemp(join(tmpdir(), 'topology-bench-'));
const kafka = await EmbeddedKafka.open({
  directory: join(directory, 'log'),
  clock: systemClock,
  logger: silentLogger,
});
const serdes = localSerdes();
const producer = kafka.transactionalProducer('feed');
await producer.init();
let lsn = 0n;
let read = 0;
/** Of the lineage of one of them. */
let lineageBytes = 0;

interface Row<K, V> {
  readonly key: K;
  readonly value: V;
}

/** One transaction of rows. */
async function write<K, V>(
  topic: Topic<K, V>,
  source: string,
  count: number,
  row: (at: number) => Row<K, V>,
): Promise<void> {
  const builder = new MemoryRecordsBuilder();
  const [keys, rows] = [serdes.serializer(topic.key), serdes.serializer(topic.value)];
  const timestamp = Date.now();
  lsn += 1000n;
  for (let i = 0; i < count; i++) {
    const {key, value} = row(i);
    const position = encodeSourcePosition(
      {name: source, systemId: '7400000000000000001'},
      lsn,
      i + 1,
    );
    builder.begin(timestamp, keys.serialize(key)).bytes(rows.serialize(value));
    builder.end([{key: SOURCE_POSITION_HEADER, value: position}]);
  }
  builder.mark();
  const records = builder.take();
  if (records === undefined) return;
  producer.begin();
  await producer.send([{topic: topic.name, partition: 0, records}]);
  await producer.commit();
}

async function dimensions(): Promise<void> {
  const {customersCdc, demographicsCdc, productsCdc} = topics;
  await write(customersCdc, 'customers', DIMENSION, (n) => ({
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
  await write(demographicsCdc, 'customers', DIMENSION, (n) => ({
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
  await write(productsCdc, 'products', DIMENSION, (n) => ({
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

async function follow(signal: AbortSignal): Promise<void> {
  const fetcher = kafka.fetcher({isolation: 'read_committed'});
  fetcher.assign({topic: topics.ordersEnriched.name, partition: 0}, 0);
  while (!signal.aborted) {
    for (const {records} of await fetcher.poll(1000, signal)) {
      read += records.length;
      const [record] = records;
      if (record !== undefined) lineageBytes = lineageOf(record.headers)?.length ?? 0;
    }
    await systemClock.yield();
  }
  await fetcher.close();
}

async function readUpTo(count: number): Promise<void> {
  for (;;) {
    if (read >= count) return;
    await systemClock.sleep(1);
  }
}

async function orders(count: number, from: number): Promise<void> {
  for (let sent = 0; sent < count; sent += ORDERS_PER_TRANSACTION) {
    await readUpTo(from + sent - MAX_BEHIND);
    await write(topics.ordersCdc, 'products', ORDERS_PER_TRANSACTION, (i) => {
      const n = from + sent + i;
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
  }
  await readUpTo(from + count);
}

const {customersCdc, demographicsCdc, productsCdc, ordersCdc, ordersEnriched} = topics;
await kafka.admin.ensureTopics(
  [customersCdc, demographicsCdc, productsCdc, ordersCdc, ordersEnriched].map(({name}) => ({
    name,
    partitions: 1,
    cleanupPolicy: 'delete',
  })),
);
await dimensions();
const app = new StreamsApp({
  applicationId: 'bench',
  topology: ordersTopology({semantics: 'cdc', ordersDeletes: 'ignore'}),
  kafka,
  serdes: {
    serializer: (format) => Promise.resolve(serdes.serializer(format)),
    deserializer: (format) => serdes.deserializer(format),
    resolve: () => Promise.resolve(),
  },
  stores: await LevelStoreProvider.open(join(directory, 'state'), {logger: silentLogger}),
  clock: systemClock,
  logger: silentLogger,
  metrics: noMetrics,
  conditions: new Conditions(),
  options: {keepsLineage: values.lineage === 'true'},
});
const stop = new AbortController();
const running = [app.run(stop.signal), follow(stop.signal)];
const count = Number(values.orders);
await orders(count, 0);
const before = process.cpuUsage();
const start = performance.now();
await orders(count, count);
const {user, system} = process.cpuUsage(before);
console.log(
  JSON.stringify({
    lineage: values.lineage,
    orders: count,
    seconds: Number(((performance.now() - start) / 1000).toFixed(1)),
    lineageBytes,
    cpuMicrosPerOrder: Number(((user + system) / count).toFixed(2)),
  }),
);
stop.abort();
await Promise.all(running);
await kafka.close();
await rm(directory, {recursive: true, force: true});
