import * as fc from 'fast-check';
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {kafka, json as jsonFormat} from '../../../src/serde/format.ts';
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
import type {DuckDbSink} from '../../../src/sinks/duckdb/duckdb-sink.ts';
import {tableDefinition} from '../../../src/sinks/table-definition.ts';
import {DuckDbWarehouse} from './duckdb-warehouse.ts';

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
const NINES = '9'.repeat(38);

let warehouse: DuckDbWarehouse;
let sink: DuckDbSink;
let serial = 0;
beforeAll(() => {
  warehouse = new DuckDbWarehouse();
  sink = warehouse.connect();
});
afterAll(() => warehouse.close());
beforeEach(() => {
  serial++;
});

/** The values of a column `name`, from the topic's serializer to DuckDB, as its `expression`. */
async function stored(
  schema: Schema,
  values: readonly unknown[],
  {name = 'v', expression = 'CAST(? AS VARCHAR)'} = {},
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
    autoEvolve: 'fail',
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
  const rows = await sink.query(
    `SELECT ${expression.replace('?', column)} AS found FROM ${topic.name} ORDER BY _offset`,
  );
  return rows.map(({found}) => found);
}

/** What stands in DuckDB as text for a value. */
type Cases = readonly (readonly [value: unknown, found: string | null])[];

const same = (...values: readonly string[]): Cases => values.map((value) => [value, value]);

describe('columnSql', () => {
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
      'SMALLINT',
      smallint(),
      [
        [-32768, '-32768'],
        [32767, '32767'],
      ],
    ],
    [
      'INTEGER',
      integer(),
      [
        [-2147483648, '-2147483648'],
        [2147483647, '2147483647'],
      ],
    ],
    [
      'BIGINT',
      bigint(),
      [MIN_INT64, MAX_INT64, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 0n].map((n) => [n, String(n)]),
    ],
    [
      'FLOAT',
      real(),
      [
        [1.5, '1.5'],
        [3.4028234663852886e38, '3.4028235e+38'],
        [NaN, 'nan'],
        [Infinity, 'inf'],
        [-Infinity, '-inf'],
      ],
    ],
    [
      'DOUBLE',
      double(),
      [
        [0.1, '0.1'],
        [-0, '-0.0'],
        [5e-324, '5e-324'],
        [1.7976931348623157e308, '1.7976931348623157e+308'],
        [9007199254740992, '9007199254740992.0'],
        [NaN, 'nan'],
        [Infinity, 'inf'],
        [-Infinity, '-inf'],
      ],
    ],
    ['DECIMAL(38,0)', decimal(38, 0), same(NINES, `-${NINES}`, '0', '-1', '128', '-128', '-129')],
    [
      'DECIMAL(38,38)',
      decimal(38, 38),
      [
        // Without digits before the point DuckDB shows none.
        [`0.${NINES}`, `.${NINES}`],
        [`-0.${NINES}`, `-.${NINES}`],
        [`0.${'0'.repeat(37)}1`, `.${'0'.repeat(37)}1`],
      ],
    ],
    ['DECIMAL(10,2)', decimal(10, 2), same('12.50', '-0.01', '0.00', '99999999.99', '-1.00')],
    [
      'DATE',
      date(),
      [
        [0, '1970-01-01'],
        [-1, '1969-12-31'],
        [-719162, '0001-01-01'],
        [2932896, '9999-12-31'],
      ],
    ],
    [
      'TIME',
      time(),
      [
        [0n, '00:00:00'],
        [1n, '00:00:00.000001'],
        [86_399_999_999n, '23:59:59.999999'],
      ],
    ],
    [
      'TIMESTAMP',
      timestamp(),
      [
        [0n, '1970-01-01 00:00:00'],
        [-1n, '1969-12-31 23:59:59.999999'],
        [1_704_144_845_123_456n, '2024-01-01 21:34:05.123456'],
        [-62_135_596_800_000_000n, '0001-01-01 00:00:00'],
        [253_402_300_799_999_999n, '9999-12-31 23:59:59.999999'],
      ],
    ],
    [
      'UUID',
      uuid(),
      same('00000000-0000-0000-0000-000000000000', 'fda7f9e2-1c0b-4d6e-9a51-7b2f8e3c4d5a'),
    ],
    [
      'JSON',
      json(),
      same('{"b": 1, "a": [1.0, 12345678901234567890123, "\\u00e9"]}', 'null', '"text"', '1e400'),
    ],
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
      ),
    ],
  ])('keeps every %s', async (type, schema, cases) => {
    const values = cases.map(([value]) => value);

    expect(await stored(schema, [...values, null])).toEqual([
      ...cases.map(([, found]) => found),
      null,
    ]);

    const [column] = await sink.query(
      `SELECT data_type FROM duckdb_columns() WHERE table_name = 't_${serial}' AND column_name = 'v'`,
    );
    expect(column).toEqual({data_type: type});
  });

  test('keeps every moment of a TIMESTAMP WITH TIME ZONE', async () => {
    const moments = ['2024-01-01T21:34:05.123456Z', '1970-01-01T00:00:00Z', '0001-01-01T00:00:00Z'];

    const micros = await stored(timestamptz(), [...moments, null], {expression: 'epoch_us(?)'});

    expect(micros).toEqual(['1704144845123456', '0', '-62135596800000000', null]);
  });

  test('keeps every byte of a BLOB', async () => {
    const all = Buffer.from(Array.from({length: 256}, (_, byte) => byte));

    const found = await stored(bytes(), [all, Buffer.alloc(0), null], {expression: 'hex(?)'});

    expect(found).toEqual([all.toString('hex').toUpperCase(), '', null]);
  });

  test('keeps arrays, maps and rows as JSON, with every digit', async () => {
    const nested = struct({id: bigint(), names: array(varchar()), sizes: map(double())});
    const value = {id: MAX_INT64, names: ['a', null, 'ö"'], sizes: {'x y': 0.5}};

    expect(await stored(array(nested), [[value], [], null])).toEqual([
      '[{"id":9223372036854775807,"names":["a",null,"ö\\""],"sizes":{"x y":0.5}}]',
      '[]',
      null,
    ]);
  });

  test.each(['order', 'a"b', "it's", 'ö', 'with space', 'A;DROP TABLE t'])(
    'takes a column of the name %s',
    async (name) => {
      expect(await stored(varchar(), ['x'], {name})).toEqual(['x']);
    },
  );

  test('keeps any decimal of any scale', async () => {
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
      {numRuns: 12},
    );
  });

  test('keeps any double', async () => {
    const numbers = fc.array(fc.double({noNaN: true}), {minLength: 1, maxLength: 200, size: 'max'});
    await fc.assert(
      fc.asyncProperty(numbers, async (values) => {
        serial++;

        const found = await stored(double(), values);

        expect(found.map((text) => Number(String(text).replace('inf', 'Infinity')))).toEqual(
          values,
        );
      }),
      {numRuns: 8},
    );
  });
});

function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const point = digits.length - scale;
  const fraction = scale === 0 ? '' : `.${digits.slice(point)}`;
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, point)}${fraction}`;
}
