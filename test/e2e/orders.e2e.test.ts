import {join} from 'node:path';
import {afterEach, describe, expect, inject, test} from 'vitest';
import {systemClock} from '../../src/common/clock.ts';
import {silentLogger} from '../../src/common/logger.ts';
import type {ConsumedRecord} from '../../src/kafka/client.ts';
import {EmbeddedKafka} from '../../src/kafka/embedded/embedded-kafka.ts';
import {duckdbRows} from '../support/duckdb-rows.ts';
import {OrderWorkload} from '../support/order-workload.ts';
import {Pipeline} from '../support/pipeline.ts';
import {queryPostgres} from '../support/postgres.ts';
import {Random} from '../support/random.ts';
import type {Status} from '../support/service-process.ts';
import {until} from '../support/until.ts';
import type {Row} from '../support/versions.ts';

const COLUMNS =
  'order_id, product_id, size, product, department, price, id, first_name, last_name, email, phone, street_address, state, zip_code, country, country_code';

let pipeline: Pipeline | undefined;
let serial = 0;

afterEach(async () => {
  await pipeline?.close();
  pipeline = undefined;
});

async function createPipeline(
  options: Partial<Parameters<typeof Pipeline.create>[0]>,
): Promise<Pipeline> {
  const postgresPort = inject('postgresPort');
  const names = ['customers', 'products'].map((name) => `${name}_${process.pid}_${serial}`);
  serial++;
  for (const name of names)
    await queryPostgres(postgresPort, `CREATE DATABASE ${name}`, 'postgres');
  const [customersDatabase = '', productsDatabase = ''] = names;
  pipeline = await Pipeline.create({postgresPort, customersDatabase, productsDatabase, ...options});
  return pipeline;
}

/** How far a life of the service gets before it is killed, at least. */
type Moment = 'starts' | 'publishes' | 'writes';

/**
 * Runs the workload while the service is killed and started again, at moments drawn from `random`: one life in five ends
 * while it starts, two after it has published changes, two after it has written to the warehouse.
 */
async function runUnderKills(
  {service}: Pipeline,
  workload: OrderWorkload,
  random: Random,
  {kills, orders}: {readonly kills: number; readonly orders: number},
): Promise<void> {
  for (let kill = 1; kill <= kills; kill++) {
    service.start();
    const moment = random.pick<Moment>(['starts', 'publishes', 'publishes', 'writes', 'writes']);
    if (moment !== 'starts') await service.ready();
    const share = Math.min(orders, Math.ceil((orders * kill) / kills));
    while (workload.orders < share) await workload.step();
    if (moment !== 'starts') {
      await until('the service gets on', async () => hasReached(moment, await service.status()));
      // Further changes are under way when it dies.
      for (let step = random.below(4); step > 0; step--) await workload.step();
    }
    await service.kill();
  }
  service.start();
  await service.ready();
}

/** In this life of the service. */
function hasReached(moment: Moment, {components}: Status): boolean {
  const [kind, counter] = moment === 'writes' ? ['sink', 'rowsWritten'] : ['source', 'events'];
  return Object.entries(components).some(
    ([name, status]) => name.startsWith(kind) && Number(status[counter] ?? 0) > 0,
  );
}

async function rowsByOrder(file: string): Promise<ReadonlyMap<string, Row>> {
  const sql = `SELECT ${COLUMNS} FROM orders_enriched`;
  const rows = (await duckdbRows(file, sql)) as Row[];
  return new Map(rows.map((row) => [row['order_id'] as string, row]));
}

async function readTopic(directory: string, topic: string): Promise<readonly ConsumedRecord[]> {
  const kafka = await EmbeddedKafka.open({directory, clock: systemClock, logger: silentLogger});
  const [end] = await kafka.admin.offsets([{topic, partition: 0}]);
  const fetcher = kafka.fetcher({isolation: 'read_committed'});
  fetcher.assign({topic, partition: 0}, end?.earliest ?? 0);
  const records: ConsumedRecord[] = [];
  while ((fetcher.position({topic, partition: 0}) ?? 0) < (end?.latest ?? 0))
    for (const answer of await fetcher.poll(1000)) records.push(...answer.records);
  await fetcher.close();
  await kafka.close();
  return records;
}

/** Every row that was emitted is the join of an order with versions current at its commit or after it. */
function staleRows(rows: readonly Row[], {versions}: OrderWorkload): readonly Row[] {
  return rows.filter((row) => {
    const order = versions.orders
      .all(row['order_id'] as string)
      .find(
        (version) =>
          version.row?.['product_id'] === row['product_id'] &&
          version.row?.['customer_id'] === row['id'],
      );
    if (order === undefined) return true;
    const parts = [
      versions.products.since(row['product_id'] as string, order.step),
      versions.customers.since(row['id'] as string, order.step),
      versions.demographics.since(row['id'] as string, order.step),
    ];
    return !parts.every((candidates) =>
      candidates.some((candidate) =>
        Object.entries(candidate).every(([name, value]) => row[name] === value),
      ),
    );
  });
}

describe('the service under kill -9', () => {
  test('equals SQL over the sources, and emits each row once', async () => {
    const seed = Number(process.env['SEED'] ?? 20260101);
    const random = new Random(seed);
    const {service, customersDb, productsDb, directory, ...rest} = await createPipeline({
      sinks: {current: 'upsert', history: 'append'},
    });
    const self = pipeline as Pipeline;
    const workload = new OrderWorkload(customersDb, productsDb, random);
    await workload.create(100);

    await runUnderKills(self, workload, random, {kills: 22, orders: 20_000});
    await self.caughtUp();
    expect(await service.stop(), await service.log()).toBe(0);
    const unmoved = await rowsByOrder(self.warehouse('current'));
    const lost = [...workload.expected()].filter(([id, {product_id, id: customer}]) => {
      const row = unmoved.get(id);
      return row?.['product_id'] !== product_id || row?.['id'] !== customer;
    });
    expect(lost.slice(0, 3), `seed ${seed}: ${lost.length} orders were not joined`).toEqual([]);

    service.start();
    await service.ready();
    await workload.touchAllOrders();
    await self.caughtUp();
    expect(await service.stop(), await service.log()).toBe(0);

    const current = await rowsByOrder(self.warehouse('current'));
    const expected = workload.expected();
    expect(expected.size, `seed ${seed}`).toBeGreaterThan(10_000);
    const wrong = [...expected].filter(
      ([id, row]) => JSON.stringify(current.get(id)) !== JSON.stringify(row),
    );
    expect(wrong.slice(0, 3), `seed ${seed}: ${wrong.length} rows differ`).toEqual([]);

    const emitted = (await readTopic(join(directory, 'data', 'log'), 'orders_enriched')).map(
      (record) =>
        [record.offset, JSON.parse((record.value as Buffer).toString('utf8', 5)) as Row] as const,
    );
    expect(
      staleRows(
        emitted.map(([, row]) => row),
        workload,
      ).slice(0, 3),
      `seed ${seed}`,
    ).toEqual([]);
    const history = await duckdbRows(
      self.warehouse('history'),
      `SELECT _offset, ${COLUMNS} FROM orders_enriched ORDER BY _offset`,
    );
    expect(
      history.map(({_offset, ...row}) => [Number(_offset), row]),
      `seed ${seed}`,
    ).toEqual(emitted);
    expect(new Set(current.keys())).toEqual(new Set(emitted.map(([, row]) => row['order_id'])));
    expect(rest.sinks).toEqual(['current', 'history']);
  });

  test('removes deleted orders from the warehouse when deletes propagate', async () => {
    const random = new Random(7);
    const self = await createPipeline({settings: {'orders.deletes': 'propagate'}});
    const workload = new OrderWorkload(self.customersDb, self.productsDb, random);
    await workload.create(50);

    await runUnderKills(self, workload, random, {kills: 4, orders: 3_000});
    await self.caughtUp();
    await workload.touchAllOrders();
    await self.caughtUp();
    await self.service.stop();

    const byId = await rowsByOrder(self.warehouse('local'));
    const alive = new Set(workload.versions.orders.keys());
    expect([...byId.keys()].filter((id) => !alive.has(id))).toEqual([]);
    const wrong = [...workload.expected()].filter(
      ([id, row]) => JSON.stringify(byId.get(id)) !== JSON.stringify(row),
    );
    expect(wrong.slice(0, 3)).toEqual([]);
  });
});
