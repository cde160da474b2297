import {execFileSync} from 'node:child_process';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {systemClock} from '../src/common/clock.ts';
import {silentLogger} from '../src/common/logger.ts';
import {EmbeddedKafka} from '../src/kafka/embedded/embedded-kafka.ts';
import {Pipeline} from '../test/support/pipeline.ts';
import {PostgresServer} from '../test/support/postgres.ts';
import {KafkaCluster} from '../test/servers/kafka-cluster.ts';
import {until} from '../test/support/until.ts';
import {parseBuckets, quantileMs} from './latency-histogram.ts';
import {DIMENSION, createTables} from './order-tables.ts';
import {cpuSeconds, peakRssMb, processor} from './process-usage.ts';
import {profileFlags} from './profile-flags.ts';

/*
 * The whole service between a real Postgres and DuckDB, as its own process: catch-up of `--orders` (a comma list, each
 * a fresh run), then commit → warehouse latency at each of `--rates` orders a second for `--seconds`. With
 * `--kafka` on a real broker in place of the embedded log, for one value of `--orders`: its topics stay. `--lineage false` turns
 * lineage off, for what it costs. `--profile` is a directory for a CPU profile of the service, in which all figures are worse.
 */
const {values} = parseArgs({
  options: {
    orders: {type: 'string', default: '200000,1000000'},
    rates: {type: 'string', default: '500,2000'},
    seconds: {type: 'string', default: '15'},
    mode: {type: 'string', default: 'upsert'},
    kafka: {type: 'boolean', default: false},
    lineage: {type: 'string', default: 'true'},
    profile: {type: 'string'},
  },
});
const LATENCY = 'millrace_end_to_end_latency_seconds';
const TOPICS = ['postgres.products.orders', 'orders_rekeyed', 'orders_enriched'];

const postgres = await PostgresServer.start({
  settings: {shared_buffers: '256MB', max_wal_size: '8GB', fsync: 'on'},
});
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {encoding: 'utf8'}).trim();
console.log(
  `commit ${commit}, node ${process.version}, ${processor()}, 2 cores shared with Postgres and the load`,
);
const kafka = values.kafka ? await KafkaCluster.start() : undefined;
try {
  for (const orders of numbers(values.orders)) await run(orders);
} finally {
  await postgres.stop();
  await kafka?.stop();
}

async function run(orders: number): Promise<void> {
  const pipeline = await Pipeline.create({
    postgresPort: postgres.port,
    customersDatabase: await postgres.createDatabase('customers'),
    productsDatabase: await postgres.createDatabase('products'),
    sinks: {local: values.mode as 'append' | 'upsert'},
    settings: {'lineage.enabled': values.lineage},
    ...(kafka === undefined ? {} : {kafka: kafka.brokers}),
  });
  const {service} = pipeline;
  await createTables(pipeline);
  service.start(profileFlags(values.profile));
  await service.ready();
  let serial = 0;
  const insert = async (count: number): Promise<void> => {
    await pipeline.productsDb.query(
      `INSERT INTO products.orders (order_id, product_id, customer_id)
       SELECT gen_random_uuid(), 'product-' || n * 7919 % ${DIMENSION}, 'customer-' || n * 104729 % ${DIMENSION} FROM generate_series($1::bigint, $2::bigint) n`,
      [serial, serial + count - 1],
    );
    serial += count;
  };
  await insert(1);
  await pipeline.caughtUp();

  const cpu = cpuSeconds(service.pid);
  const begun = performance.now();
  for (let left = orders; left > 0; left -= 1000) await insert(Math.min(1000, left));
  await until(
    'all orders have reached the warehouse',
    async () => (await rowsWritten(pipeline)) >= serial,
    600_000,
  );
  const seconds = (performance.now() - begun) / 1000;
  console.log(
    JSON.stringify({
      orders,
      mode: values.mode,
      lineage: values.lineage,
      seconds: Number(seconds.toFixed(1)),
      rowsPerSecond: Math.round(orders / seconds),
      cpuSecondsPerMillion: Number((((cpuSeconds(service.pid) - cpu) / orders) * 1e6).toFixed(1)),
      peakRssMb: peakRssMb(service.pid),
    }),
  );

  for (const rate of numbers(values.rates)) {
    const before = parseBuckets(await metrics(pipeline), LATENCY);
    const cpuBefore = cpuSeconds(service.pid);
    const start = performance.now();
    const end = Number(values.seconds) * 1000;
    for (let sent = 0; performance.now() - start < end; await systemClock.sleep(5)) {
      const due = Math.floor(((performance.now() - start) / 1000) * rate) - sent;
      if (due > 0) await insert(due);
      sent += Math.max(0, due);
    }
    await until(
      'all orders have reached the warehouse',
      async () => (await rowsWritten(pipeline)) >= serial,
    );
    const after = parseBuckets(await metrics(pipeline), LATENCY);
    console.log(
      JSON.stringify({
        rate,
        p50Ms: quantileMs(before, after, 0.5),
        p99Ms: quantileMs(before, after, 0.99),
        cpuSecondsPerSecond: Number(
          ((cpuSeconds(service.pid) - cpuBefore) / (end / 1000)).toFixed(2),
        ),
      }),
    );
  }
  await service.stop();
  if (kafka !== undefined) return pipeline.close();
  console.log(
    JSON.stringify({recordsPerOrder: Number((await recordsPerOrder(pipeline, serial)).toFixed(3))}),
  );
  await pipeline.close();
}

async function rowsWritten(pipeline: Pipeline): Promise<number> {
  const {components} = await pipeline.service.status();
  return Number(components['sink local']?.['rowsWritten'] ?? 0);
}

async function metrics({service}: Pipeline): Promise<string> {
  return (await fetch(service.url('/metrics'))).text();
}

/** Log offsets that one order takes in all topics that orders go through, control records included. */
async function recordsPerOrder({directory}: Pipeline, orders: number): Promise<number> {
  const log = await EmbeddedKafka.open({
    directory: join(directory, 'data', 'log'),
    clock: systemClock,
    logger: silentLogger,
  });
  const offsets = await log.admin.offsets(TOPICS.map((topic) => ({topic, partition: 0})));
  await log.close();
  return offsets.reduce((sum, {latest}) => sum + latest, 0) / orders;
}

function numbers(list: string): number[] {
  return list.split(',').filter(Boolean).map(Number);
}
