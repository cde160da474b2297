import {execFile, execFileSync} from 'node:child_process';
import {join} from 'node:path';
import {parseArgs, promisify} from 'node:util';
import {systemClock} from '../src/common/clock.ts';
import {Pipeline} from '../test/support/pipeline.ts';
import {PostgresServer} from '../test/support/postgres.ts';
import {DIMENSION, createTables} from './order-tables.ts';
import {cpuSeconds, processor} from './process-usage.ts';
import {profileFlags} from './profile-flags.ts';
import type {QueryLoad, QueryResult} from './query-load.ts';

/*
 * Pull queries while orders come in: `--queries` single rows a second of `customers_enriched` and `products`, for
 * `--seconds`, at each of `--rates` orders a second, those that are due every `--every` milliseconds in one transaction;
 * once more at each without queries, for what they cost in CPU.
 * `--profile` is a directory for a CPU profile of the service, in which all figures are worse.
 */
const {values} = parseArgs({
  options: {
    queries: {type: 'string', default: '1000'},
    rates: {type: 'string', default: '0,2000'},
    seconds: {type: 'string', default: '20'},
    every: {type: 'string', default: '10'},
    profile: {type: 'string'},
  },
});
const seconds = Number(values.seconds);

const postgres = await PostgresServer.start({settings: {max_wal_size: '8GB', fsync: 'on'}});
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {encoding: 'utf8'}).trim();
console.log(`commit ${commit}, node ${process.version}, ${processor()}, 2 cores, shared`);
try {
  await run();
} finally {
  await postgres.stop();
}

async function run(): Promise<void> {
  const pipeline = await Pipeline.create({
    postgresPort: postgres.port,
    customersDatabase: await postgres.createDatabase('customers'),
    productsDatabase: await postgres.createDatabase('products'),
  });
  const {service} = pipeline;
  await createTables(pipeline);
  service.start(profileFlags(values.profile));
  await service.ready();
  await pipeline.caughtUp();
  // Compiled before anything is measured.
  await measured(pipeline, 2000, Number(values.queries), 5);
  for (const rate of values.rates.split(',').map(Number)) {
    for (const queries of [0, Number(values.queries)]) {
      const found = await measured(pipeline, rate, queries, seconds);
      console.log(JSON.stringify({ordersPerSecond: rate, queriesPerSecond: queries, ...found}));
    }
  }
  await service.stop();
  await pipeline.close();
}

async function measured(
  pipeline: Pipeline,
  rate: number,
  perSecond: number,
  forSeconds: number,
): Promise<object> {
  const {pid} = pipeline.service;
  const load: QueryLoad = {origin: pipeline.service.url(''), perSecond, seconds: forSeconds};
  const cpu = cpuSeconds(pid);
  const start = performance.now();
  const [answers] = await Promise.all([
    perSecond > 0 ? queryLoad(load) : {},
    insertOrders(pipeline, rate, forSeconds),
  ]);
  const elapsed = (performance.now() - start) / 1000;
  return {
    ...answers,
    cpuSecondsPerSecond: Number(((cpuSeconds(pid) - cpu) / elapsed).toFixed(3)),
  };
}

async function queryLoad(load: QueryLoad): Promise<QueryResult> {
  const {stdout} = await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    join(import.meta.dirname, 'query-load.ts'),
    JSON.stringify(load),
  ]);
  return JSON.parse(stdout) as QueryResult;
}

/** Those that are due in one transaction, one after the other. */
async function insertOrders(pipeline: Pipeline, rate: number, forSeconds: number): Promise<void> {
  const start = performance.now();
  let orders = 0;
  for (;;) {
    const elapsed = (performance.now() - start) / 1000;
    if (elapsed >= forSeconds) return;
    const due = Math.floor(elapsed * rate) - orders;
    if (due > 0) await insert(pipeline, due);
    orders += due;
    await systemClock.sleep(Number(values.every));
  }
}

async function insert({productsDb}: Pipeline, count: number): Promise<void> {
  await productsDb.query(
    `INSERT INTO products.orders (order_id, product_id, customer_id)
     SELECT gen_random_uuid(), 'product-' || n * 7919 % ${DIMENSION}, 'customer-' || n * 104729 % ${DIMENSION} FROM generate_series(1::bigint, $1::bigint) n`,
    [count],
  );
}
