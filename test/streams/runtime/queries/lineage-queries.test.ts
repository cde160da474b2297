import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {decodeLineage} from '../../../../src/serde/lineage/decode-lineage.ts';
import {LINEAGE_HEADER, lineageOf} from '../../../../src/serde/lineage/lineage-bytes.ts';
import {
  SOURCE_POSITION_HEADER,
  encodeSourcePosition,
} from '../../../../src/serde/source-position.ts';
import {MemoryStoreProvider} from '../../../../src/state/memory-store.ts';
import type {
  LineageAnswer,
  LineageNode,
  WarehouseRow,
} from '../../../../src/streams/runtime/queries/lineage-answer.ts';
import {LineageQueries} from '../../../../src/streams/runtime/queries/lineage-queries.ts';
import {StoreReader} from '../../../../src/streams/runtime/queries/store-reader.ts';
import type {PeerStores} from '../../../../src/streams/runtime/queries/stored-rows.ts';
import {topicName} from '../../../../src/streams/runtime/topic-names.ts';
import {ordersTopology} from '../../../../src/topology.ts';
import {cdcRecords, rowOf} from '../../../support/order-changes.ts';
import type {Change} from '../../../support/order-changes.ts';
import {until} from '../../../support/until.ts';
import {APPLICATION_ID, StreamsHarness} from '../streams-harness.ts';
import type {RunningApp} from '../streams-harness.ts';

const topology = ordersTopology({semantics: 'cdc', ordersDeletes: 'ignore'});
const sources = topology
  .sources()
  .map(({topic}) => ({name: topicName(APPLICATION_ID, topic), internal: topic.internal}));

const row = (table: 'customers' | 'demographics' | 'products', text = 'a'): Change => ({
  table,
  id: '1',
  text,
  deleted: false,
});
const order: Change = {table: 'orders', id: 'o1', product: '1', customer: '1', deleted: false};

let harness: StreamsHarness;
let warehouse: readonly WarehouseRow[];
let lsn: bigint;
beforeEach(async () => {
  harness = await StreamsHarness.open();
  warehouse = [];
  lsn = 0x1_0000_0000n;
});
afterEach(() => harness.close());

/** Each change in a transaction of its own, at the next LSN, a second after the last one. */
async function write(...changes: readonly Change[]): Promise<void> {
  for (const change of changes) {
    lsn++;
    const name = change.table === 'orders' || change.table === 'products' ? 'shop' : 'people';
    const value = encodeSourcePosition({name, systemId: '7'}, lsn, 1);
    const headers = [{key: SOURCE_POSITION_HEADER, value}];
    const timestamp = Number(lsn & 0xffffn) * 1000;
    await harness.produceTogether(
      cdcRecords(change).map((record) => ({
        topic: record.topic.name,
        record: harness.record(record.topic, {...record, timestamp, headers}),
      })),
    );
  }
}

function queriesOf({app}: RunningApp, peers: PeerStores): LineageQueries {
  const reader = new StoreReader({view: () => app.view(), hasStreams: true, peers});
  return new LineageQueries({reader, warehouse: {find: async () => warehouse}});
}

/** What it answers once it answers that. */
async function answered(
  queries: LineageQueries,
  holds: (answer: LineageAnswer) => boolean,
  topic = 'orders_enriched',
  key = 'o1',
): Promise<LineageAnswer> {
  let last: LineageAnswer | undefined;
  await until(`the lineage of ${topic} ${key}`, async () => {
    last = await queries.of(topic, key, {}).catch(() => undefined);
    return last !== undefined && holds(last);
  });
  return last as LineageAnswer;
}

/** The tree in short: `shop 1/3 products.orders o1 <- products (shop 1/1 …)`. */
function outline(node: LineageNode | null): string {
  if (node === null) return 'unknown';
  const {source, lsn: at, table, key} = node.change ?? {};
  const joins = node.steps.flatMap((step) =>
    step.kind === 'join'
      ? [`${step.table}${step.waitedMs === null ? '' : ' waited for'} (${outline(step.row)})`]
      : [],
  );
  const [id] = Object.values((key ?? {}) as Record<string, string>);
  return [`${source} ${at} ${table} ${id}`, ...joins].join(' <- ');
}

function topicsRead(node: LineageNode | null): readonly string[] {
  return (node?.steps ?? []).flatMap((step) => (step.kind === 'read' ? [step.topic] : []));
}

const MET =
  'shop 1/4 products.orders o1 <- products (shop 1/1 products.products 1) <- customers_enriched (people 1/3 customers.demographics 1 <- customers (people 1/2 customers.customers 1))';

const inWarehouse = (offset = 0): WarehouseRow => ({
  sink: 'local',
  table: 'orders_enriched',
  partition: 0,
  offset,
});

describe('LineageQueries over one task', () => {
  let running: RunningApp;
  let queries: LineageQueries;
  const nobody: PeerStores = {rows: () => Promise.reject(new Error('there is nobody to ask'))};

  async function run(keepsLineage = true): Promise<void> {
    running = harness.run(topology, {options: {keepsLineage}});
    queries = queriesOf(running, nobody);
  }

  beforeEach(() =>
    harness.createTopics(
      sources.filter(({name}) => name.startsWith('postgres.')).map(({name}) => name),
    ),
  );

  test('tells the change of the order and the exact versions that it was joined with', async () => {
    await run();
    await write(row('products'), row('customers'), row('demographics'), order);

    const {records, waiting} = await answered(queries, (found) => found.records.length > 0);

    const [record] = records;
    expect(waiting).toEqual([]);
    expect(outline(record?.lineage ?? null)).toBe(MET);
    expect(record?.lineage?.change).toEqual({
      source: 'shop',
      lsn: '1/4',
      ordinal: 1,
      isSnapshot: false,
      table: 'products.orders',
      key: {order_id: 'o1'},
      committedAt: '1970-01-01T00:00:04.000Z',
      event: {...rowOf(order), __deleted: 'false'},
    });
    expect(record?.lineage?.steps[0]).toMatchObject({
      kind: 'read',
      topic: 'postgres.products.orders',
      partition: 0,
      offset: 0,
    });
    expect(record).toMatchObject({partition: 0, offset: 0, value: {order_id: 'o1'}});
  });

  test('names the versions of then, not those of now', async () => {
    await run();
    await write(row('products'), row('customers'), row('demographics'), order);
    await answered(queries, (found) => found.records.length > 0);
    await write(row('products', 'b'), row('customers', 'b'));

    const now = await answered(
      queries,
      ({records}) => outline(records[0]?.lineage ?? null).includes('1/6'),
      'customers_enriched',
      '1',
    );
    const then = await queries.of('orders_enriched', 'o1', {});

    expect(outline(now.records[0]?.lineage ?? null)).toBe(
      'people 1/6 customers.customers 1 <- demographics (people 1/3 customers.demographics 1)',
    );
    expect(outline(then.records[0]?.lineage ?? null)).toBe(MET);
  });

  test('tells what an order waits for, then that it has waited', async () => {
    await run();
    await write(row('customers'), row('demographics'), order);

    const before = await answered(queries, (found) => found.waiting.length > 0);
    await write(row('products'));
    const after = await answered(queries, (found) => found.records.length > 0);

    expect(before.records).toEqual([]);
    expect(before.waiting).toMatchObject([
      {for: {table: 'products', key: '1'}, value: {order_id: 'o1', product_id: '1'}},
    ]);
    expect(outline(before.waiting[0]?.lineage ?? null)).toBe('shop 1/3 products.orders o1');
    expect(after.waiting).toEqual([]);
    expect(outline(after.records[0]?.lineage ?? null)).toContain(
      'shop 1/3 products.orders o1 <- products waited for (shop 1/4 products.products 1)',
    );
  });

  test('reads where the warehouse says, and says when the record is gone from there', async () => {
    await run();
    await write(row('products'), row('customers'), row('demographics'), order, order);
    await answered(queries, ({records}) => records[0]?.offset !== undefined);
    await until(
      'both are there',
      async () => (await harness.records('orders_enriched')).length === 2,
    );
    const [first, second] = await harness.records('orders_enriched');
    warehouse = [inWarehouse(first?.offset)];
    const found = await queries.of('orders_enriched', 'o1', {});
    warehouse = [inWarehouse(9999)];
    const gone = await queries.of('orders_enriched', 'o1', {});

    expect(found.records).toMatchObject([
      {offset: first?.offset, warehouse: [inWarehouse(first?.offset)]},
    ]);
    expect(outline(found.records[0]?.lineage ?? null)).toBe(MET);
    expect(gone.records).toMatchObject([{offset: second?.offset, warehouse: []}]);
    expect(gone.notes[0]).toContain('orders_enriched-0@9999 is in the warehouse (sink local)');
  });

  test('keeps the lineage of rows through a restore from the changelog', async () => {
    await run();
    await write(row('products'), row('customers'), row('demographics'));
    await answered(queries, ({records}) => records.length > 0, 'customers_enriched', '1');
    await running.stop();

    running = harness.run(topology, {stores: new MemoryStoreProvider()});
    queries = queriesOf(running, nobody);
    await write(order);
    const {records} = await answered(queries, (found) => found.records.length > 0);

    expect(outline(records[0]?.lineage ?? null)).toBe(MET);
  });

  test('says that it does not know of rows that were stored without one', async () => {
    await run(false);
    await write(row('products'), row('customers'), row('demographics'));
    await answered(queries, ({records}) => records.length > 0, 'customers_enriched', '1');
    await running.stop();

    await run();
    await write(order);
    const {records} = await answered(queries, (found) => found.records.length > 0);

    expect(outline(records[0]?.lineage ?? null)).toBe(
      'shop 1/4 products.orders o1 <- products (unknown) <- customers_enriched (unknown)',
    );
  });

  test('writes nothing of it where it is turned off', async () => {
    await run(false);
    await write(row('products'), row('customers'), row('demographics'), order);
    const {records} = await answered(queries, (found) => found.records.length > 0);

    const written = await Promise.all(
      ['customers', 'products', 'customers_enriched', 'orders_enriched'].map((name) =>
        harness.records(name),
      ),
    );
    expect(records[0]?.lineage).toBeNull();
    expect(
      written.flat().flatMap(({headers}) => headers.filter(({key}) => key === LINEAGE_HEADER)),
    ).toEqual([]);
  });

  test('knows nothing of what is not there', async () => {
    await run();
    await write(order);
    await answered(queries, (found) => found.waiting.length > 0);

    await expect(queries.of('orders_enriched', 'o2', {})).rejects.toMatchObject({
      fate: 'not-found',
      code: 'ROW_NOT_FOUND',
      message: expect.stringContaining('not among the last'),
    });
    await expect(queries.of('nothing', 'o1', {})).rejects.toMatchObject({
      code: 'TOPIC_UNKNOWN',
      message: expect.stringContaining('it writes customers_flattened'),
    });
  });
});

describe('LineageQueries over several instances', () => {
  test('tells every topic on the way, and finds what waits wherever it does', async () => {
    await harness.createTopics(
      sources.filter(({internal}) => !internal).map(({name}) => name),
      4,
    );
    const readers = new Map<string, StoreReader>();
    const peers: PeerStores = {
      rows: async (server, request) => (readers.get(server) as StoreReader).local(request),
    };
    const all = ['a:1', 'b:1'].map((server) => {
      const running = harness.run(topology, {
        kafka: harness.kafka.connect(),
        stores: new MemoryStoreProvider(),
        options: {instanceId: server, numPartitions: 4, server: () => server},
      });
      const reader = new StoreReader({view: () => running.app.view(), hasStreams: true, peers});
      readers.set(server, reader);
      return new LineageQueries({reader, warehouse: {find: async () => []}});
    });
    await write(row('products'), row('customers'), order);
    for (const queries of all) {
      const {waiting} = await answered(queries, (found) => found.waiting.length > 0);
      expect(waiting[0]?.for).toEqual({table: 'customers_enriched', key: '1'});
    }
    await write(row('demographics'));

    for (const queries of all) {
      const {records} = await answered(queries, (found) => found.records.length > 0);
      const lineage = records[0]?.lineage ?? null;

      expect(topicsRead(lineage)).toEqual([
        'postgres.products.orders',
        'orders_rekeyed',
        'test-app-orders-by-product',
        'test-app-orders-by-customer',
        'test-app-orders-by-order',
      ]);
      expect(outline(lineage)).toBe(
        'shop 1/3 products.orders o1 <- products (shop 1/1 products.products 1) <- customers_enriched waited for (people 1/4 customers.demographics 1 <- customers (people 1/2 customers.customers 1))',
      );
    }
    const [record] = await harness.records('orders_enriched');
    expect(decodeLineage(lineageOf(record?.headers ?? []) as Buffer)?.isTruncated).toBe(false);
  });
});
