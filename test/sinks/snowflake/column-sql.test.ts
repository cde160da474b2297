import * as fc from 'fast-check';
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {json as jsonFormat, kafka} from '../../../src/serde/format.ts';
import {localSerdes} from '../../../src/serde/local-serdes.ts';
import {
  array,
  bigint,
  boolean,
  bytes,
  date,
  decimal,
  double,
  integer,
  json,
  map,
  notNull,
  nullable,
  real,
  smallint,
  struct,
  time,
  timestamp,
  timestamptz,
  uuid,
  varchar,
} from '../../../src/serde/schema.ts';
import type {Schema} from '../../../src/serde/schema.ts';
import type {SnowflakeSink} from '../../../src/sinks/snowflake/snowflake-sink.ts';
import {tableDefinition} from '../../../src/sinks/table-definition.ts';
import {SnowflakeWarehouse} from './snowflake-warehouse.ts';

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
const NINES = '9'.repeat(38);

let warehouse: SnowflakeWarehouse;
let sink: SnowflakeSink;
let serial = 0;
beforeAll(async () => {
  warehouse = await SnowflakeWarehouse.start();
  sink = warehouse.connect();
});
afterAll(() => warehouse.close());
beforeEach(() => {
  serial++;
});

interface Asked {
  readonly name?: string;
  /** SQL of the stand-in's DuckDB over the column `?`. */
  readonly expression?: string;
  /** The table exists, and lacks a column or two. */
  readonly isThere?: boolean;
}

/** Values of a column, from the topic's serializer to the table, and the type that the column got. */
async function stored(
  schema: Schema,
  values: readonly unknown[],
  {name = 'v', expression = 'CAST(? AS VARCHAR)', isThere = false}: Asked = {},
): Promise<readonly unknown[]> {
  const topic = {
    name: `t_${serial}`,
    key: kafka(notNull(varchar())),
    value: jsonFormat(struct({[name]: schema})),
  };
  const serializer = localSerdes().serializer(topic.value);
  const partition = await sink.open({
    sink: 'types',
    topic: topic.name,
    topicId: 'topic-1',
    partition: 0,
    table: tableDefinition(topic),
    insertMode: 'append',
    autoCreate: true,
    autoEvolve: isThere ? 'evolve' : 'fail',
  });
  await partition.write({
    rows: values.map((value, offset) => ({
      offset,
      key: null,
      value: serializer.serialize({[name]: value}),
      timestamp: 0,
    })),
    startOffset: 0,
    nextOffset: values.length,
  });
  await partition.close();
  const column = `"${name.replaceAll('"', '""')}"`;
  const rows = await warehouse.server.query(
    `SELECT ${expression.replace('?', column)} AS found FROM "T_${serial}" ORDER BY _OFFSET`,
  );
  return rows.map(({found}) => found);
}

/** What stands in the table as text for a value. */
type Cases = readonly (readonly [value: unknown, found: string | null])[];

const same = (...values: readonly string[]): Cases => values.map((value) => [value, value]);

function createdType(): string | undefined {
  const created = warehouse.server.faults.statements.findLast((sql) =>
    sql.startsWith(`CREATE TABLE IF NOT EXISTS "T_${serial}"`),
  );
  return /\("V" (.+?), "PARTITION"/.exec(created ?? '')?.[1];
}

describe('Snowflake, sink check 20', () => {
  test.each<[string, Schema, Cases]>([
    [
      'BOOLEAN',
      boolean(),
      [
        [true, 'true'],
        [false, 'false'],
      ],
    ],
    [
      'NUMBER(38,0)',
      smallint(),
      [
        [-32768, '-32768'],
        [32767, '32767'],
      ],
    ],
    [
      'NUMBER(38,0)',
      integer(),
      [
        [-2147483648, '-2147483648'],
        [2147483647, '2147483647'],
      ],
    ],
    [
      'NUMBER(38,0)',
      bigint(),
      [MIN_INT64, MAX_INT64, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 0n].map((n) => [n, String(n)]),
    ],
    [
      'FLOAT',
      real(),
      [
        [1.5, '1.5'],
        [NaN, 'nan'],
        [Infinity, 'inf'],
        [-Infinity, '-inf'],
      ],
    ],
    [
      'FLOAT',
      double(),
      [
        [0.1, '0.1'],
        [5e-324, '5e-324'],
        [1.7976931348623157e308, '1.7976931348623157e+308'],
        [NaN, 'nan'],
        [Infinity, 'inf'],
        [-Infinity, '-inf'],
      ],
    ],
    ['NUMBER(38,0)', decimal(38, 0), same(NINES, `-${NINES}`, '0', '-1', '128', '-128', '-129')],
    ['NUMBER(10,2)', decimal(10, 2), same('12.50', '-0.01', '0.00', '99999999.99', '-1.00')],
    [
      'DATE',
      date(),
      [
        [0, '1970-01-01'],
        [-1, '1969-12-31'],
        [2932896, '9999-12-31'],
      ],
    ],
    [
      'TIME(6)',
      time(),
      [
        [0n, '00:00:00'],
        [86_399_999_999n, '23:59:59.999999'],
      ],
    ],
    [
      'TIMESTAMP_NTZ(6)',
      timestamp(),
      [
        [0n, '1970-01-01 00:00:00'],
        [-1n, '1969-12-31 23:59:59.999999'],
        [1_704_144_845_123_456n, '2024-01-01 21:34:05.123456'],
      ],
    ],
    ['VARCHAR', uuid(), same('fda7f9e2-1c0b-4d6e-9a51-7b2f8e3c4d5a')],
    ['VARIANT', json(), same('{"b": 1, "a": [1.0, "\\u00e9"]}', 'null', '"text"')],
    [
      'VARCHAR',
      varchar(),
      same(
        '',
        ' ',
        "O'Neil",
        '"',
        '\\',
        '\\n',
        'a\nb\r\nc\td',
        '🦆 ö é',
        '\u2028',
        'NULL',
        '{}',
        '\u0001',
        'x'.repeat(1 << 20),
      ),
    ],
  ])('keeps every %s', {timeout: 30_000}, async (type, schema, cases) => {
    const values = cases.map(([value]) => value);

    expect(await stored(schema, [...values, null])).toEqual([
      ...cases.map(([, found]) => found),
      null,
    ]);

    expect(createdType()).toBe(type);
  });

  test('keeps every moment of a TIMESTAMP_TZ', async () => {
    const moments = ['2024-01-01T21:34:05.123456Z', '1970-01-01T00:00:00Z'];

    const micros = await stored(timestamptz(), [...moments, null], {expression: 'epoch_us(?)'});

    expect(micros).toEqual(['1704144845123456', '0', null]);
    expect(createdType()).toBe('TIMESTAMP_TZ(6)');
  });

  test('keeps every byte of a BINARY', async () => {
    const all = Buffer.from(Array.from({length: 256}, (_, byte) => byte));

    const found = await stored(bytes(), [all, Buffer.alloc(0), null], {expression: 'hex(?)'});

    expect(found).toEqual([all.toString('hex').toUpperCase(), '', null]);
    expect(createdType()).toBe('BINARY');
  });

  test('keeps arrays as ARRAY, with every digit', async () => {
    const nested = struct({id: bigint(), names: array(varchar()), sizes: map(double())});
    const value = {id: MAX_INT64, names: ['a', null, 'ö"'], sizes: {'x y': 0.5}};

    expect(await stored(array(nested), [[value], [], null])).toEqual([
      '[{"id":9223372036854775807,"names":["a",null,"ö\\""],"sizes":{"x y":0.5}}]',
      '[]',
      null,
    ]);
    expect(createdType()).toBe('ARRAY');
  });

  test('keeps maps and rows as VARIANT', async () => {
    const value = {sizes: {'x y': 0.5}, names: ['a']};
    const type = nullable(struct({sizes: map(double()), names: array(varchar())}));

    expect(await stored(type, [value, null])).toEqual([
      '{"sizes":{"x y":0.5},"names":["a"]}',
      null,
    ]);
    expect(createdType()).toBe('VARIANT');
  });

  test('writes an array into the VARIANT column that an existing table has for it', async () => {
    await warehouse.server.query(`CREATE TABLE "T_${serial}" ("V" JSON, "_OFFSET" DECIMAL(38,0))`);

    expect(await stored(array(varchar()), [['a'], null], {isThere: true})).toEqual(['["a"]', null]);
  });

  test('keeps any decimal of any scale', {timeout: 60_000}, async () => {
    const unscaled = fc.array(fc.bigInt({min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n}), {
      minLength: 1,
      maxLength: 200,
      size: 'max',
    });
    await fc.assert(
      fc.asyncProperty(unscaled, fc.nat({max: 37}), async (numbers, scale) => {
        serial++;
        const texts = numbers.map((number) => decimalText(number, scale));

        expect(await stored(decimal(38, scale), texts)).toEqual(texts);
      }),
      {numRuns: 8},
    );
  });
});

describe('Snowflake, sink check 21', () => {
  test.each([
    'size',
    'order',
    'Select',
    'a b',
    'x"y',
    "it's",
    'back\\slash',
    'a/b~c',
    'A;DROP TABLE t',
  ])('takes a column of the name %s', async (name) => {
    const folded = name.toUpperCase();

    expect(
      await stored(varchar(), ['x'], {name, expression: `"${folded.replaceAll('"', '""')}"`}),
    ).toEqual(['x']);
  });
});

function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const point = digits.length - scale;
  const fraction = scale === 0 ? '' : `.${digits.slice(point)}`;
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, point)}${fraction}`;
}
