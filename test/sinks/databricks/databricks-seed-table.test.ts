import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import type {AutoEvolve, InsertMode, SinkSource} from '../../../src/sinks/warehouse-sink.ts';
import {DatabricksWarehouse} from './databricks-warehouse.ts';

vi.setConfig({testTimeout: 20_000});

const fields = [
  'product_id',
  'size',
  'product',
  'department',
  'price',
  'id',
  'first_name',
  'last_name',
  'email',
  'phone',
  'street_address',
  'state',
  'zip_code',
  'country',
  'country_code',
];

/** As somebody creates it by hand, for the topic `orders_enriched`. */
const table = `CREATE TABLE orders_enriched (order_id STRING,
  product_id STRING, size STRING, product STRING, department STRING, price STRING,
  id STRING, first_name STRING, last_name STRING, email STRING, phone STRING,
  street_address STRING, state STRING, zip_code STRING, country STRING, country_code STRING,
  partition INT) USING DELTA;`;

let warehouse: DatabricksWarehouse;
beforeEach(async () => {
  warehouse = await DatabricksWarehouse.start();
  await warehouse.server.run(table);
});
afterEach(() => warehouse.close());

function source(autoEvolve: AutoEvolve, insertMode: InsertMode = 'append'): SinkSource {
  return {
    sink: 'lake',
    topic: 'orders_enriched',
    topicId: 'topic-1',
    partition: 3,
    table: {
      name: 'orders_enriched',
      columns: [
        ...fields.map((name) => ({name, type: {kind: 'VARCHAR'} as const, from: 'value' as const})),
        {name: 'order_id', type: {kind: 'VARCHAR'}, from: 'key'},
        {name: 'partition', type: {kind: 'INTEGER'}, from: 'partition'},
      ],
    },
    insertMode,
    autoCreate: false,
    autoEvolve,
  };
}

function batch(startOffset: number, size = 2) {
  const rows = Array.from({length: size}, (_, at) => ({
    offset: startOffset + at,
    key: `o${startOffset + at}`,
    value: Buffer.from(
      JSON.stringify(Object.fromEntries(fields.map((name) => [name, `${name} ${at}`]))),
    ),
    timestamp: 1,
  }));
  return {rows, startOffset, nextOffset: startOffset + size};
}

describe('Databricks', () => {
  test.each(['evolve', 'ignore', 'fail'] as const)(
    "sink check 1: the seed's table is filled as it stands, all 16 columns and the partition, under auto.evolve %s",
    async (autoEvolve) => {
      const partition = await warehouse.connect().open(source(autoEvolve));

      await partition.write(batch(0));

      const rows = await warehouse.rows('orders_enriched', 'order_id');
      expect(rows.map(({order_id}) => order_id)).toEqual(['o0', 'o1']);
      expect(rows[1]).toMatchObject(Object.fromEntries(fields.map((name) => [name, `${name} 1`])));
      expect(rows[1]).toMatchObject({partition: 3});
      expect('_offset' in (rows[1] ?? {})).toBe(autoEvolve === 'evolve');
    },
  );

  test(
    'writes each row once although the table has no offsets, after a kill at any statement',
    {timeout: 60_000},
    async () => {
      let next = 0;
      for (const statement of [/^PUT/, /^UPDATE .* pending_file = '/, /^COPY/]) {
        for (const fault of ['hangs-before', 'hangs-after'] as const) {
          const dying = warehouse.connect();
          const partition = await dying.open(source('fail'));
          warehouse.faults.arm(fault, statement);
          const writing = partition.write(batch(next)).catch(() => undefined);
          await warehouse.faults.whenReached;
          await dying.close();
          await writing;
          warehouse.faults.clear();
          const restarted = warehouse.connect();
          const recovered = await restarted.open(source('fail'));
          next = recovered.nextOffset ?? 0;
          await recovered.write(batch(next));
          next += 2;
          await restarted.close();
        }
      }

      const {nextOffset} = await warehouse.connect().open(source('fail'));
      const rows = await warehouse.rows('orders_enriched', 'order_id');
      expect(nextOffset).toBe(next);
      expect(rows).toHaveLength(next);
      expect(new Set(rows.map(({order_id}) => order_id)).size).toBe(next);
    },
  );

  test.each(['ignore', 'fail'] as const)(
    'refuses to upsert into it under auto.evolve %s: it has no column to find rows by',
    async (autoEvolve) => {
      const opening = warehouse.connect().open(source(autoEvolve, 'upsert'));

      await expect(opening).rejects.toMatchObject({code: 'SINK_TABLE_MISMATCH'});
      await expect(opening).rejects.toThrow(
        'column "_offset" is missing, and "insert.mode: upsert" finds rows by it',
      );
    },
  );

  test('refuses a table that has no column of the topic', async () => {
    const wanted = source('ignore');
    const columns = wanted.table.columns
      .filter(({from}) => from !== 'key')
      .map((column) => (column.from === 'value' ? {...column, name: `${column.name}2`} : column));

    const opening = warehouse.connect().open({...wanted, table: {...wanted.table, columns}});

    await expect(opening).rejects.toMatchObject({code: 'SINK_TABLE_MISMATCH'});
    await expect(opening).rejects.toThrow('it has none of the columns that the topic brings');
  });

  test('sink check 2: the table is left as it is when it has all columns', async () => {
    const partition = await warehouse.connect().open(source('ignore'));
    await partition.write(batch(0));

    expect(
      warehouse.server.statements.filter((sql) => /^(?:ALTER|CREATE TABLE .*orders)/.test(sql)),
    ).toEqual([]);
  });
});
