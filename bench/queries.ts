import {execFileSync} from 'node:child_process';
import {Agent, request} from 'node:http';
import {parseArgs} from 'node:util';
import {systemClock} from '../src/common/clock.ts';
import {Pipeline} from '../test/support/pipeline.ts';
import {PostgresServer} from '../test/support/postgres.ts';
import {DIMENSION, createTables} from './order-tables.ts';
import {cpuSeconds, processor} from './process-usage.ts';
import {profileFlags} from './profile-flags.ts';

/*
 * Pull queries while orders come in: `--queries` single rows a second of `customers_enriched` and `products`, for
 * `--seconds`, at each of `--rates` orders a second; once more at each without queries, for what they cost in CPU.
 * `--profile` is a directory for a CPU profile of the service, in which all figures are worse.
 */
const {values} = parseArgs({
  options: {
    queries: {type: 'string', default: '1000'},
    rates: {type: 'string', default: '0,2000'},
    seconds: {type: 'string', default: '20'},
    profile: {type: 'string'},
  },
});
const seconds = Number(values.seconds);
const agent = new Agent({keepAlive: true, maxSockets: 32});

const postgres = await PostgresServer.start({settings: {max_wal_size: '8GB', fsync: 'on'}});
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {encoding: 'utf8'}).trim();
console.log(`commit ${commit}, node ${process.version}, ${processor()}, 2 cores, shared`);
try {
  await run();
} finally {
  agent.destroy();
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
  queries: number,
  forSeconds: number,
): Promise<object> {
  const {pid} = pipeline.service;
  const latencies: number[] = [];
  const open: Promise<void>[] = [];
  const cpu = cpuSeconds(pid);
  const start = performance.now();
  let orders = 0;
  let sent = 0;
  let inserted: Promise<unknown> = Promise.resolve();
  let isInserting = false;
  for (;;) {
    const elapsed = (performance.now() - start) / 1000;
    if (elapsed >= forSeconds) break;
    for (const due = Math.floor(elapsed * queries); sent < due; sent++) {
      // From when it was due: a load generator that is held up must not hide that.
      open.push(query(pipeline, sent, start + (sent * 1000) / queries, latencies));
    }
    const due = Math.floor(elapsed * rate) - orders;
    if (due > 0 && !isInserting) {
      orders += due;
      isInserting = true;
      inserted = insert(pipeline, due).finally(() => (isInserting = false));
    }
    await systemClock.sleep(1);
  }
  const cpuPerSecond = (cpuSeconds(pid) - cpu) / forSeconds;
  await Promise.all([...open, inserted]);
  latencies.sort((a, b) => a - b);
  return {
    answered: latencies.length,
    ...Object.fromEntries(
      [50, 99, 99.9].map((percent) => [`p${percent}Ms`, quantile(latencies, percent / 100)]),
    ),
    cpuSecondsPerSecond: Number(cpuPerSecond.toFixed(3)),
  };
}

async function insert({productsDb}: Pipeline, count: number): Promise<void> {
  await productsDb.query(
    `INSERT INTO products.orders (order_id, product_id, customer_id)
     SELECT gen_random_uuid(), 'product-' || n * 7919 % ${DIMENSION}, 'customer-' || n * 104729 % ${DIMENSION} FROM generate_series(1::bigint, $1::bigint) n`,
    [count],
  );
}

function query(
  {service}: Pipeline,
  serial: number,
  dueAt: number,
  latencies: number[],
): Promise<void> {
  const n = (serial * 7919) % DIMENSION;
  const path =
    serial % 2 === 0
      ? `/api/tables/customers_enriched/customer-${n}`
      : `/api/tables/products/product-${n}`;
  return new Promise((resolve, reject) => {
    request(service.url(path), {agent}, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode !== 200) {
          reject(new Error(`${path} answers ${response.statusCode}`));
          return;
        }
        latencies.push(performance.now() - dueAt);
        resolve();
      });
    })
      .once('error', reject)
      .end();
  });
}

function quantile(sorted: readonly number[], at: number): number | undefined {
  const found = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))];
  return found === undefined ? undefined : Number(found.toFixed(2));
}
