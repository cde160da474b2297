import {describe, expect, test} from 'vitest';
import {FatalError} from '../../src/common/errors.ts';
import {json, jsonSr, kafka} from '../../src/serde/format.ts';
import type {Format} from '../../src/serde/format.ts';
import * as schema from '../../src/serde/schema.ts';
import {notNull, struct, varchar} from '../../src/serde/schema.ts';
import type {Fields, Schema} from '../../src/serde/schema.ts';
import {tableDefinition, tableDefinitions, tableName} from '../../src/sinks/table-definition.ts';
import type {ColumnType, SinkTopic} from '../../src/sinks/table-definition.ts';
import {ordersEnriched} from '../../src/topics.ts';

function topic(fields: Fields, rest: Partial<SinkTopic> = {}): SinkTopic {
  return {name: 'orders', key: kafka(varchar()) as Format, value: jsonSr(struct(fields)), ...rest};
}

function columns(of: SinkTopic): readonly (readonly [string, string, string])[] {
  return tableDefinition(of).columns.map(({name, type, from}) => [name, type.kind, from]);
}

describe('tableName', () => {
  test.each([
    ['orders_enriched', 'orders_enriched'],
    ['postgres.customers.customers', 'postgres_customers_customers'],
    ['a-b c"d', 'a_b_c_d'],
  ])('makes %s the table %s', (name, table) => {
    expect(tableName(name)).toBe(table);
  });
});

describe('tableDefinition', () => {
  test("has the value's columns in order, then the partition", () => {
    expect(columns(topic({b: varchar(), a: schema.bigint()}))).toEqual([
      ['b', 'VARCHAR', 'value'],
      ['a', 'BIGINT', 'value'],
      ['partition', 'INTEGER', 'partition'],
    ]);
  });

  test("fits the seed's table: sixteen columns and the partition", () => {
    const {name, columns: all} = tableDefinition(ordersEnriched);

    expect(name).toBe('orders_enriched');
    expect(all.length).toBe(17);
    expect(all[0]).toEqual({name: 'order_id', type: {kind: 'VARCHAR'}, from: 'value'});
  });

  test.each<[Schema, ColumnType]>([
    [schema.boolean(), {kind: 'BOOLEAN'}],
    [schema.smallint(), {kind: 'SMALLINT'}],
    [schema.integer(), {kind: 'INTEGER'}],
    [schema.bigint(), {kind: 'BIGINT'}],
    [schema.real(), {kind: 'REAL'}],
    [schema.double(), {kind: 'DOUBLE'}],
    [schema.varchar(), {kind: 'VARCHAR'}],
    [schema.bytes(), {kind: 'BYTES'}],
    [schema.decimal(38, 10), {kind: 'DECIMAL', precision: 38, scale: 10}],
    [schema.decimal(5, 0), {kind: 'DECIMAL', precision: 5, scale: 0}],
    [schema.date(), {kind: 'DATE'}],
    [schema.time(), {kind: 'TIME'}],
    [schema.timestamp(), {kind: 'TIMESTAMP'}],
    [schema.timestamptz(), {kind: 'TIMESTAMPTZ'}],
    [schema.json(), {kind: 'JSON'}],
    [schema.uuid(), {kind: 'UUID'}],
    [schema.array(schema.varchar()), {kind: 'NESTED', isArray: true}],
    [schema.map(schema.varchar()), {kind: 'NESTED'}],
    [schema.nullable(struct({a: varchar()})), {kind: 'NESTED'}],
  ])('%#: has a column for each type', (type, column) => {
    expect(tableDefinition(topic({x: type})).columns[0]?.type).toEqual(column);
  });

  test('takes a decimal without a precision for the widest', () => {
    const {parameters: _, ...decimal} = schema.decimal(38, 4);

    expect(tableDefinition(topic({x: decimal})).columns[0]?.type).toEqual({
      kind: 'DECIMAL',
      precision: 38,
      scale: 4,
    });
  });

  test("copies a STRUCT key's columns that the value lacks, under any case", () => {
    const key = json(struct({Order_ID: notNull(varchar()), line: schema.bigint()}));

    expect(columns(topic({order_id: varchar()}, {key}))).toEqual([
      ['order_id', 'VARCHAR', 'value'],
      ['line', 'BIGINT', 'key-field'],
      ['partition', 'INTEGER', 'partition'],
    ]);
  });

  test('copies a primitive key to the column that it is given', () => {
    const key = kafka(notNull(schema.bigint()));

    expect(columns(topic({a: varchar()}, {key, keyColumn: 'id'}))).toContainEqual([
      'id',
      'BIGINT',
      'key',
    ]);
    expect(columns(topic({a: varchar()}, {key})).map(([name]) => name)).toEqual(['a', 'partition']);
    expect(columns(topic({ID: varchar()}, {key, keyColumn: 'id'})).map(([name]) => name)).toEqual([
      'ID',
      'partition',
    ]);
  });

  test.each<[string, SinkTopic, string]>([
    ['a value that is no STRUCT', topic({}, {value: json(varchar())}), 'VARCHAR'],
    ['columns that differ in case only', topic({Id: varchar(), ID: varchar()}), '"Id" and "ID"'],
    ['a column of its own partition', topic({Partition: varchar()}), '"Partition"'],
    ['a decimal of 39 digits', topic({x: schema.decimal(39, 2)}), 'DECIMAL(39,2)'],
    ['a decimal with more places than digits', topic({x: schema.decimal(3, 4)}), 'DECIMAL(3,4)'],
    ['a column without a name', topic({'': varchar()}), '""'],
    ...['_offset', '_KEY', '_key_hash', '_key_text', '_k'].map(
      (name): [string, SinkTopic, string] => [`a column ${name}`, topic({[name]: varchar()}), name],
    ),
  ])('sink check 21: refuses %s', (_, of, reason) => {
    const define = (): unknown => tableDefinition(of);

    expect(define).toThrow(FatalError);
    expect(define).toThrow(reason);
    expect(define).toThrow(expect.objectContaining({code: 'SINK_TABLE_MISMATCH'}) as Error);
  });

  test('takes columns that only look like its own', () => {
    expect(columns(topic({__deleted: varchar(), _id: varchar()})).length).toBe(3);
  });
});

describe('tableDefinitions', () => {
  test('gives each topic its table', () => {
    const tables = tableDefinitions([topic({a: varchar()}), topic({}, {name: 'x.y'})], '${topic}');

    expect([...tables].map(([name, table]) => [name, table.name])).toEqual([
      ['orders', 'orders'],
      ['x.y', 'x_y'],
    ]);
  });

  test('names them by the format', () => {
    const [, table] = [...tableDefinitions([topic({}, {name: 'x.y'})], 'raw_${topic}_1')][0] ?? [];

    expect(table?.name).toBe('raw_x_y_1');
  });

  test('refuses topics that meet in one table', () => {
    const topics = [topic({}, {name: 'a.b'}), topic({}, {name: 'A_b'})];

    expect(() => tableDefinitions(topics, '${topic}')).toThrow(FatalError);
    expect(() => tableDefinitions(topics, '${topic}')).toThrow('topic a.b goes to table A_b too');
  });
});
