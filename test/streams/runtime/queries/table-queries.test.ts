import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {MemoryStoreProvider} from '../../../../src/state/memory-store.ts';
import type {QueryError} from '../../../../src/streams/runtime/queries/query-error.ts';
import {StoreReader} from '../../../../src/streams/runtime/queries/store-reader.ts';
import type {PeerStores} from '../../../../src/streams/runtime/queries/stored-rows.ts';
import {TableQueries} from '../../../../src/streams/runtime/queries/table-queries.ts';
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

const row = (table: 'customers' | 'demographics' | 'products', id: string): Change => ({
  table,
  id,
  text: `${table} of ${id}`,
  deleted: false,
});

let harness: StreamsHarness;
beforeEach(async () => {
  harness = await StreamsHarness.open();
});
afterEach(() => harness.close());

const noPeers: PeerStores = {
  rows: (server) => Promise.reject(new Error(`nobody is to ask ${server}`)),
};

function reader({app}: RunningApp, peers = noPeers): StoreReader {
  return new StoreReader({view: () => app.view(), hasStreams: true, peers});
}

async function write(changes: readonly Change[]): Promise<void> {
  await harness.produceTogether(
    changes.flatMap(cdcRecords).map((record) => ({
      topic: record.topic.name,
      record: harness.record(record.topic, {...record, timestamp: 1}),
    })),
  );
}

async function refusal(asked: Promise<unknown>): Promise<string> {
  const error = await asked.then(
    () => undefined,
    (reason: QueryError) => reason,
  );
  return `${error?.fate} ${error?.code}: ${error?.message}`;
}

async function rowsOfAll(each: TableQueries, table: string): Promise<readonly unknown[]> {
  try {
    return (await each.range(table, {limit: 100}, {})).rows;
  } catch {
    return [];
  }
}

describe('TableQueries over one task', () => {
  let running: RunningApp;
  let queries: TableQueries;
  beforeEach(async () => {
    const cdc = sources.filter(({name}) => name.startsWith('postgres.'));
    await harness.createTopics(cdc.map(({name}) => name));
    running = harness.run(topology);
    queries = new TableQueries(reader(running));
    await write([row('customers', 'c1'), row('products', 'p1')]);
    await harness.caughtUp(...cdc);
  });

  test('answers a row with where its table stands', async () => {
    expect(await queries.get('customers', 'c1', {})).toEqual({
      table: 'customers',
      key: 'c1',
      row: rowOf(row('customers', 'c1')),
      topic: 'customers',
      partition: 0,
      offset: expect.any(Number),
    });
  });

  test('answers from its store what the newest commit left there, and nothing of a deleted row', async () => {
    const before = await queries.get('customers', 'c1', {});

    await write([{...row('customers', 'c1'), text: 'new'} as Change, row('demographics', 'c1')]);
    await until('both tables have it', async () => (await rowsOf('customers_enriched')).length > 0);

    const after = await queries.get('customers', 'c1', {});
    expect(after.row).toMatchObject({email: 'new'});
    expect(after.offset).toBeGreaterThan(before.offset);
    await write([{...row('customers', 'c1'), deleted: true}]);
    await until('it is gone', async () => (await rowsOf('customers')).length === 0);
    expect(await refusal(queries.get('customers', 'c1', {}))).toBe(
      'not-found ROW_NOT_FOUND: Table customers has no row c1.',
    );
  });

  test('names the tables that there are, and what they look like', async () => {
    expect(queries.tables().map(({table}) => table)).toEqual([
      'customers',
      'demographics',
      'customers_enriched',
      'products',
    ]);
    expect(queries.tables()[3]).toMatchObject({
      partitions: 1,
      key: {type: 'VARCHAR'},
      columns: {product_id: 'VARCHAR', price: 'VARCHAR'},
    });
  });

  test.each(['orders_enriched', 'orders-waiting-for-product', 'nothing'])(
    'knows no table %s',
    async (table) => {
      const expected = `not-found TABLE_UNKNOWN: There is no table ${table}; there are customers, demographics, customers_enriched, products.`;
      expect(await refusal(queries.get(table, 'c1', {}))).toBe(expected);
      expect(await refusal(queries.range(table, {limit: 1}, {}))).toBe(expected);
    },
  );

  test('goes through a table page by page', async () => {
    await write(['c5', 'c3', 'c2', 'c4'].map((id) => row('customers', id)));
    await until('all are there', async () => (await rowsOf('customers')).length === 5);

    const first = await queries.range('customers', {limit: 2}, {});
    const second = await queries.range('customers', {from: first.next ?? '', limit: 3}, {});
    const between = await queries.range('customers', {from: 'c2', to: 'c3', limit: 9}, {});

    expect(first.rows.map(({key}) => key)).toEqual(['c1', 'c2']);
    expect(first.next).toBe('c3');
    expect(second.rows.map(({key}) => key)).toEqual(['c3', 'c4', 'c5']);
    expect(second.next).toBeNull();
    expect(between.rows.map(({key}) => key)).toEqual(['c2', 'c3']);
  });

  test('does not answer while its tasks do not run', async () => {
    await running.stop();

    expect(await refusal(queries.get('customers', 'c1', {}))).toContain('unavailable RESTORING');
  });

  async function rowsOf(table: string): Promise<readonly unknown[]> {
    return (await queries.range(table, {limit: 10}, {})).rows;
  }
});

describe('StoreReader', () => {
  test('says that the topology is starting, or runs elsewhere', async () => {
    const starting = new StoreReader({view: () => undefined, hasStreams: true, peers: noPeers});
    const elsewhere = new StoreReader({view: () => undefined, hasStreams: false, peers: noPeers});

    expect(() => starting.view).toThrow(expect.objectContaining({code: 'REBALANCING'}));
    expect(() => elsewhere.view).toThrow(expect.objectContaining({code: 'NO_STREAMS'}));
  });
});

describe('TableQueries over several instances', () => {
  const ids = Array.from({length: 12}, (_, i) => `c${i}`);
  let asked: string[];
  let readers: Map<string, StoreReader>;
  let queries: readonly TableQueries[];

  beforeEach(async () => {
    await harness.createTopics(
      sources.filter(({internal}) => !internal).map(({name}) => name),
      4,
    );
    asked = [];
    readers = new Map();
    const peers: PeerStores = {
      rows: async (server, request) => {
        asked.push(server);
        return (readers.get(server) as StoreReader).local(request);
      },
    };
    for (const server of ['a:1', 'b:1']) {
      const running = harness.run(topology, {
        kafka: harness.kafka.connect(),
        stores: new MemoryStoreProvider(),
        options: {instanceId: server, numPartitions: 4, server: () => server},
      });
      readers.set(server, reader(running, peers));
    }
    queries = [...readers.values()].map((each) => new TableQueries(each));
    await write(ids.flatMap((id) => [row('customers', id), row('products', id)]));
    await until('both instances answer for all rows', async () => {
      const found = await Promise.all(queries.map((each) => rowsOfAll(each, 'customers')));
      return found.every((rows) => rows.length === ids.length);
    });
    asked = [];
  });

  test('both answer for every row, whichever of them has it', async () => {
    for (const id of ids) {
      for (const each of queries) {
        expect((await each.get('customers', id, {})).row).toEqual(rowOf(row('customers', id)));
        expect((await each.get('products', id, {})).row).toMatchObject({product_id: id});
      }
    }
    expect(new Set(asked)).toEqual(new Set(['a:1', 'b:1']));
    // Each row is asked for twice by each instance, and each time one of the two has it.
    expect(asked).toHaveLength(2 * ids.length);
  });

  test('puts the rows of all partitions in one order', async () => {
    const [first] = queries as [TableQueries];

    const all = await first.range('customers', {limit: 100}, {});
    const some = await first.range('customers', {from: 'c1', to: 'c2', limit: 2}, {});

    expect(all.rows.map(({key}) => key)).toEqual(ids.toSorted());
    expect(some.rows.map(({key}) => key)).toEqual(['c1', 'c10']);
    expect(some.next).toBe('c11');
  });

  test('answers another instance from its own stores only', async () => {
    const [one] = [...readers.values()] as [StoreReader];

    const answer = await refusal(
      one.local({store: 'customers', partitions: [0, 1, 2, 3], limit: 1}),
    );

    expect(answer).toContain('unavailable REBALANCING');
    expect(asked).toEqual([]);
  });
});
