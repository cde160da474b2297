import {afterAll, beforeAll, beforeEach, describe, expect, test, vi} from 'vitest';
import type {ColumnType, TableColumn} from '../../../src/sinks/table-definition.ts';
import type {SinkSource} from '../../../src/sinks/warehouse-sink.ts';
import {DatabricksWarehouse} from './databricks-warehouse.ts';

vi.setConfig({testTimeout: 20_000});

let warehouse: DatabricksWarehouse;
let number = 0;
beforeAll(async () => {
  warehouse = await DatabricksWarehouse.start();
});
beforeEach(() => {
  number++;
});
afterAll(() => warehouse.close());

function source(columns: readonly TableColumn[]): SinkSource {
  return {
    sink: 'lake',
    topic: `values${number}`,
    topicId: 'topic-1',
    partition: 0,
    table: {
      name: `values${number}`,
      columns: [...columns, {name: 'partition', type: {kind: 'INTEGER'}, from: 'partition'}],
    },
    insertMode: 'append',
    autoCreate: true,
    autoEvolve: 'evolve',
  };
}

/** What the table has of JSON values, as text. */
async function stored(type: ColumnType, values: readonly string[]): Promise<readonly unknown[]> {
  const partition = await warehouse.connect().open(source([{name: 'a', type, from: 'value'}]));
  const rows = values.map((value, offset) => ({
    offset,
    key: null,
    value: Buffer.from(`{"a":${value}}`),
    timestamp: 1,
  }));
  await partition.write({rows, startOffset: 0, nextOffset: rows.length});
  const found = await warehouse.server.query(
    `SELECT CAST(a AS VARCHAR) AS a FROM values${number} ORDER BY _offset`,
  );
  return found.map(({a}) => a);
}

/** The base64 of a number's two's-complement bytes, as few as there need be. */
function unscaled(value: bigint): string {
  let bytes = 1;
  while (BigInt.asIntN(bytes * 8, value) !== value) bytes++;
  const hex = BigInt.asUintN(bytes * 8, value)
    .toString(16)
    .padStart(bytes * 2, '0');
  return JSON.stringify(Buffer.from(hex, 'hex').toString('base64'));
}

const text = (value: string): string => JSON.stringify(value);

describe('Databricks', () => {
  test.each([
    [
      'int64',
      {kind: 'BIGINT'},
      ['9007199254740993', '-9223372036854775808', 'null'],
      ['9007199254740993', '-9223372036854775808', null],
    ],
    [
      'decimals of 38 digits',
      {kind: 'DECIMAL', precision: 38, scale: 2},
      [10n ** 38n - 1n, 1n - 10n ** 38n, 0n, 5n, -5n, 128n, -128n, 2n ** 64n, -(2n ** 64n)].map(
        unscaled,
      ),
      [
        '999999999999999999999999999999999999.99',
        '-999999999999999999999999999999999999.99',
        '0.00',
        '0.05',
        '-0.05',
        '1.28',
        '-1.28',
        '184467440737095516.16',
        '-184467440737095516.16',
      ],
    ],
    [
      'whole decimals',
      {kind: 'DECIMAL', precision: 38, scale: 0},
      [10n ** 38n - 1n, -1n].map(unscaled).concat('null'),
      ['9'.repeat(38), '-1', null],
    ],
    [
      'decimals below one',
      {kind: 'DECIMAL', precision: 38, scale: 37},
      [1n, -(10n ** 36n)].map(unscaled),
      [`0.${'0'.repeat(36)}1`, `-0.1${'0'.repeat(36)}`],
    ],
    [
      'text',
      {kind: 'VARCHAR'},
      ['é🦆', `'"\\`, 'a\nb\r\n\tc', '', '</script>', 'x'.repeat(1_000_000)]
        .map(text)
        .concat('null'),
      ['é🦆', `'"\\`, 'a\nb\r\n\tc', '', '</script>', 'x'.repeat(1_000_000), null],
    ],
    ['booleans', {kind: 'BOOLEAN'}, ['true', 'false', 'null'], ['true', 'false', null]],
    ['numbers', {kind: 'DOUBLE'}, ['1.5', '-0.1', 'null'], ['1.5', '-0.1', null]],
    [
      'days',
      {kind: 'DATE'},
      ['0', '19000', '-1', 'null'],
      ['1970-01-01', '2022-01-08', '1969-12-31', null],
    ],
    [
      'times',
      {kind: 'TIME'},
      ['0', '45296789000', '86399999999', 'null'],
      ['00:00:00.000000', '12:34:56.789000', '23:59:59.999999', null],
    ],
    [
      'timestamps',
      {kind: 'TIMESTAMP'},
      ['0', '1700000000123456', 'null'],
      ['1970-01-01 00:00:00+00', '2023-11-14 22:13:20.123456+00', null],
    ],
    [
      'timestamps with a zone',
      {kind: 'TIMESTAMPTZ'},
      [text('2023-11-14T22:13:20.123456Z'), text('2023-11-15T00:13:20+02:00')],
      ['2023-11-14 22:13:20.123456+00', '2023-11-14 22:13:20+00'],
    ],
    [
      'bytes',
      {kind: 'BYTES'},
      [text(Buffer.from('abc').toString('base64')), 'null'],
      ['abc', null],
    ],
    ['JSON', {kind: 'NESTED'}, ['{"x":[1,"y",null]}', '[1,2]'], ['{"x":[1,"y",null]}', '[1,2]']],
    ['JSON in a string', {kind: 'JSON'}, [text('{"x": 1}')], ['{"x": 1}']],
  ] as const)('sink check 20: %s come through exactly', async (_, type, values, expected) => {
    expect(await stored(type, values)).toEqual(expected);
  });

  test.each([
    [
      'a decimal of more digits than its column',
      {kind: 'DECIMAL', precision: 4, scale: 2},
      unscaled(10_000n),
    ],
    [
      'a decimal of more than 128 bits',
      {kind: 'DECIMAL', precision: 38, scale: 0},
      unscaled(2n ** 130n),
    ],
    ['a number that is out of range', {kind: 'INTEGER'}, '3000000000'],
    ['a date in words', {kind: 'TIMESTAMPTZ'}, text('yesterday')],
    ['text for a number', {kind: 'BIGINT'}, text('many')],
  ] as const)('sink check 17: %s is rejected, and never becomes null', async (_, type, value) => {
    await expect(stored(type, ['null', value])).rejects.toMatchObject({
      name: 'RejectedRowError',
      offset: 1,
    });
  });

  test('sink check 21: takes fields of any name', async () => {
    const names = [
      'size',
      'order',
      'Select',
      'a b',
      'x"y',
      'x`y',
      "it's",
      'back\\slash',
      'a.b',
      'ä',
    ];
    const columns = names.map((name) => ({name, type: {kind: 'VARCHAR'}, from: 'value'}) as const);
    const partition = await warehouse.connect().open(source(columns));
    const value = Buffer.from(
      JSON.stringify(Object.fromEntries(names.map((name) => [name, `<${name}>`]))),
    );

    await partition.write({
      rows: [{offset: 0, key: null, value, timestamp: 1}],
      startOffset: 0,
      nextOffset: 1,
    });

    const [row] = await warehouse.rows(`values${number}`);
    expect(names.map((name) => row?.[name])).toEqual(names.map((name) => `<${name}>`));
  });

  test('sink check 16: two partitions that meet a new column at once both go on', async () => {
    const sink = warehouse.connect();
    const narrow = source([{name: 'a', type: {kind: 'VARCHAR'}, from: 'value'}]);
    await sink.open(narrow);
    const wide = source([
      {name: 'a', type: {kind: 'VARCHAR'}, from: 'value'},
      {name: 'b', type: {kind: 'VARCHAR'}, from: 'value'},
    ]);

    const partitions = await Promise.all(
      [0, 1, 2].map((partition) => sink.open({...wide, partition})),
    );
    await Promise.all(
      partitions.map((partition) =>
        partition.write({
          rows: [{offset: 0, key: null, value: Buffer.from('{"b":"new"}'), timestamp: 1}],
          startOffset: 0,
          nextOffset: 1,
        }),
      ),
    );

    const rows = await warehouse.rows(`values${number}`);
    expect(rows.map(({b}) => b)).toEqual(['new', 'new', 'new']);
  });
});
