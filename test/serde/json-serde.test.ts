import {isDeepStrictEqual} from 'node:util';

import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import {FatalError} from '../../src/common/errors.ts';
import {decimalToUnscaled} from '../../src/serde/decimal-text.ts';
import {exactJsonReader} from '../../src/serde/exact-json-reader.ts';
import {jsonReader} from '../../src/serde/json-reader.ts';
import {jsonDeserializer, jsonSerializer} from '../../src/serde/json-serde.ts';
import {projector} from '../../src/serde/row-projection.ts';
import {
  array,
  bigint,
  boolean,
  bytes,
  decimal,
  double,
  integer,
  map,
  notNull,
  nullable,
  real,
  smallint,
  struct,
  varchar,
} from '../../src/serde/schema.ts';
import type {Schema} from '../../src/serde/schema.ts';
import {UnreadableRecordError} from '../../src/serde/serde.ts';
import {anySchema, schemaAndValue} from './arbitrary-value.ts';

const write = (schema: Schema, value: unknown): string =>
  jsonSerializer(schema, 'orders-value').serialize(value).toString();

const read = (schema: Schema, text: string): unknown =>
  jsonDeserializer(schema).deserialize(Buffer.from(text));

/** The declared columns as JSON text, by `JSON.stringify` for all that it can express. */
function expectedText(schema: Schema, value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'bigint') return String(value);
  if (schema.type === 'BYTES') return JSON.stringify((value as Buffer).toString('base64'));
  if (schema.type === 'DECIMAL') {
    const unscaled = decimalToUnscaled(value as string, schema.scale ?? 0);
    return JSON.stringify(unscaled.toString('base64'));
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return `"${value}"`;
  if (Object.is(value, -0) && schema.type !== 'INTEGER' && schema.type !== 'SMALLINT')
    return '-0.0';
  const {element, fields} = schema;
  if (Array.isArray(value)) {
    return `[${value.map((item) => expectedText(element as Schema, item)).join(',')}]`;
  }
  if (typeof value !== 'object') return JSON.stringify(value);
  const columns = Object.entries(fields ?? value).map(([name, column]) => {
    const item = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : null;
    return `${JSON.stringify(name)}:${expectedText(fields ? (column as Schema) : (element as Schema), item)}`;
  });
  return `{${columns.join(',')}}`;
}

describe('jsonSerializer', () => {
  test('writes what JSON.stringify would, for every type', () => {
    fc.assert(
      fc.property(schemaAndValue, ([schema, value]) => {
        expect(write(schema, value)).toBe(expectedText(schema, value));
      }),
      {numRuns: 500},
    );
  });

  test('gives JSON.stringify a flat row of text to agree with, escapes and all', () => {
    const row = {
      quote: 'a"b\\c',
      control: '\u0000\b\t\n\f\r\u001f\u007f',
      wide: 'é€\u2028😀',
      lone: 'a\ud800b\udc00',
      empty: '',
    };
    const schema = struct(Object.fromEntries(Object.keys(row).map((name) => [name, varchar()])));

    expect(write(schema, row)).toBe(JSON.stringify(row));
  });

  test('writes text of any length, over the edges of its buffer', () => {
    const serializer = jsonSerializer(struct({id: varchar(), text: varchar()}), 'x');
    const rows = Array.from({length: 400}, (_, i) => ({
      id: String(i),
      text: 'a"é😀'.repeat(i * i * (i === 399 ? 10 : 1) * 0.01),
    }));

    const written = rows.map((row) => serializer.serialize(row));

    expect(written.map(String)).toEqual(rows.map((row) => JSON.stringify(row)));
  });

  test('writes int64 with all its digits, and decimals and bytes as base64', () => {
    const schema = struct({max: bigint(), min: bigint(), price: decimal(10, 2), raw: bytes()});
    const row = {
      max: 9223372036854775807n,
      min: -9223372036854775808n,
      price: '123.45',
      raw: Buffer.from('deadbeef00', 'hex'),
    };

    expect(write(schema, row)).toBe(
      '{"max":9223372036854775807,"min":-9223372036854775808,"price":"MDk=","raw":"3q2+7wA="}',
    );
  });

  test('writes the declared columns in order, null where they are absent, and no others', () => {
    const schema = struct({b: varchar(), a: varchar(), constructor: varchar()});

    expect(write(schema, {x: 1, a: '1'})).toBe('{"b":null,"a":"1","constructor":null}');
  });

  test('writes NaN, the infinities and -0 as Java does', () => {
    const row = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e21, 1.5];

    expect(write(array(double()), row)).toBe('["NaN","Infinity","-Infinity",-0.0,1e+21,1.5]');
  });

  test.each<[string, Schema, unknown, RegExp]>([
    ['an absent NOT NULL column', struct({id: notNull(varchar())}), {}, /, column id: .*NOT NULL/],
    [
      'a nested one',
      struct({after: nullable(struct({id: notNull(varchar())}))}),
      {after: {id: null}},
      /orders-value, column after\.id: /,
    ],
    ['one in an array', struct({a: array(notNull(integer()))}), {a: [1, null]}, /column a\[\]:/],
    ['one in a map', struct({m: map(notNull(integer()))}), {m: {k: null}}, /column m\{\}:/],
    ['a null value', notNull(varchar()), null, /cannot write orders-value: it is null/],
    ['a number as VARCHAR', struct({a: varchar()}), {a: 1}, /column a: VARCHAR .*not 1/],
    ['a number as BIGINT', struct({a: bigint()}), {a: 1}, /BIGINT/],
    ['int64 overflow', struct({a: bigint()}), {a: 2n ** 63n}, /BIGINT/],
    ['int32 overflow', struct({a: integer()}), {a: 2 ** 31}, /INTEGER/],
    ['int16 overflow', struct({a: smallint()}), {a: 2 ** 15}, /SMALLINT/],
    ['a fraction as INTEGER', struct({a: integer()}), {a: 1.5}, /INTEGER/],
    ['digits beyond the scale', struct({a: decimal(5, 2)}), {a: '1.234'}, /DECIMAL.*"1.234"/],
    ['text as BYTES', struct({a: bytes()}), {a: 'AQI='}, /BYTES/],
    ['text as BOOLEAN', struct({a: boolean()}), {a: 'true'}, /BOOLEAN/],
    ['text as DOUBLE', struct({a: double()}), {a: '1'}, /DOUBLE/],
    ['an array as STRUCT', struct({a: nullable(struct({}))}), {a: []}, /STRUCT/],
    ['an object as ARRAY', struct({a: array(varchar())}), {a: {}}, /ARRAY/],
    ['text as MAP', struct({a: map(varchar())}), {a: 'x'}, /MAP/],
  ])('refuses %s', (_, schema, value, message) => {
    const writing = (): unknown => write(schema, value);

    expect(writing).toThrow(FatalError);
    expect(writing).toThrow(message);
    expect(writing).toThrow(expect.objectContaining({code: 'RECORD_UNWRITABLE'}));
  });

  test('writes whole records after one that it refused half-way', () => {
    const serializer = jsonSerializer<object>(struct({a: varchar(), b: notNull(varchar())}), 'x');

    expect(() => serializer.serialize({a: 'half'})).toThrow('column b');

    expect(serializer.serialize({a: '1', b: '2'}).toString()).toBe('{"a":"1","b":"2"}');
  });
});

describe('jsonDeserializer', () => {
  test('reads back what was written, for every type', () => {
    fc.assert(
      fc.property(schemaAndValue, ([schema, value]) => {
        const back = read(schema, write(schema, value));

        // Vitest's own equality is led astray by columns called `constructor`.
        expect(isDeepStrictEqual(back, projector(schema)(value))).toBe(true);
      }),
      {numRuns: 500},
    );
  });

  test('reads all 64 bits of an integer', () => {
    fc.assert(
      fc.property(fc.bigInt({min: -(2n ** 63n), max: 2n ** 63n - 1n}), (value) => {
        expect(read(struct({v: bigint()}), `{"v": ${value}}`)).toEqual({v: value});
      }),
    );
  });

  test('ignores what is not declared, and makes null of what is absent', () => {
    const schema = struct({b: varchar(), a: notNull(varchar()), toString: varchar()});

    const row = read(schema, '{"x":{"y":[1,{"z":"}"}]},"b":"1","w":null}');

    expect(row).toStrictEqual({b: '1', a: null, toString: null});
    expect(Object.keys(row as object)).toEqual(['b', 'a', 'toString']);
  });

  test('reads columns in any order, with spaces and escapes anywhere', () => {
    const schema = struct({id: varchar(), n: bigint(), m: map(integer())});
    const text =
      ' { "n" : 7 , "\\u0069d" : "\\ud83d\\ude00\\n" , "m" : { "\\"" : 1 , "" : null } } ';

    expect(read(schema, text)).toStrictEqual({id: '😀\n', n: 7n, m: {'"': 1, '': null}});
  });

  test('keeps a column that is called __proto__ a column', () => {
    const schema = struct({['__proto__']: varchar(), a: map(varchar())});

    const row = read(schema, '{"a":{"__proto__":"y"},"__proto__":"x"}') as object;

    expect(Object.entries(row)).toEqual([
      ['__proto__', 'x'],
      ['a', JSON.parse('{"__proto__":"y"}')],
    ]);
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
  });

  test("reads a number or boolean into VARCHAR as its text, as ksqlDB's JSON_SR", () => {
    const schema = struct({a: varchar(), b: varchar(), c: varchar()});

    const row = read(schema, '{"a":9007199254740993,"b":true,"c":1.50}');

    expect(row).toEqual({a: '9007199254740993', b: 'true', c: '1.50'});
  });

  test("reads a decimal from base64, and from a number's digits", () => {
    const schema = struct({a: decimal(38, 2), b: decimal(38, 2)});

    const row = read(schema, '{"a":"MDk=","b":123456789012345678901234567890.1}');

    expect(row).toEqual({a: '123.45', b: '123456789012345678901234567890.10'});
  });

  test('reads NaN and the infinities from their names', () => {
    const names = '["NaN","Infinity","-Infinity",-0.0]';

    expect(read(array(real()), names)).toEqual([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      -0,
    ]);
  });

  test('reads JSON null as null where the schema is nullable, and else not at all', () => {
    expect(read(varchar(), 'null')).toBeNull();
    expect(read(nullable(struct({a: bigint()})), 'null')).toBeNull();
    expect(() => read(struct({a: varchar()}), 'null')).toThrow(UnreadableRecordError);
    expect(() => read(struct({a: bigint()}), 'null')).toThrow(/literal null/);
  });

  test.each<[Schema, string, RegExp]>([
    [struct({a: struct({b: bigint()})}), '{"a":{"b":"x"}}', /column a\.b .*BIGINT.*"x"/],
    [struct({a: bigint()}), '{"a":9223372036854775808}', /BIGINT.*9223372036854775808/],
    [struct({a: bigint()}), '{"a":1.5}', /BIGINT/],
    [struct({a: bigint()}), '{"a":1e99999999999}', /BIGINT/],
    [struct({a: integer()}), '{"a":2147483648}', /INTEGER.*2147483648/],
    [struct({a: smallint()}), '{"a":32768}', /SMALLINT/],
    [struct({a: integer()}), '{"a":"1"}', /INTEGER/],
    [struct({a: boolean()}), '{"a":"true"}', /BOOLEAN/],
    [struct({a: double()}), '{"a":"1"}', /DOUBLE/],
    [struct({a: bytes()}), '{"a":"A"}', /BYTES/],
    [struct({a: decimal(5, 2)}), '{"a":""}', /DECIMAL/],
    [struct({a: decimal(5, 2)}), '{"a":1.234}', /DECIMAL/],
    [struct({a: varchar()}), '{"a":{"b":1}}', /column a .*VARCHAR.*object/],
    [struct({a: varchar()}), '{"a":[]}', /VARCHAR.*array/],
    [struct({a: struct({b: varchar()})}), '{"a":[]}', /STRUCT.*array/],
    [struct({a: array(varchar())}), '{"a":[{}]}', /column a\[\] .*VARCHAR/],
    [struct({a: map(varchar())}), '{"a":1}', /MAP.*number/],
    [struct({a: varchar()}), '"a"', /the value is declared STRUCT.*string/],
    [struct({a: varchar()}), '{"a":"1"', /ends too early/],
    [struct({a: varchar()}), '{"a":"1"}x', /unexpected "x" at character 9/],
    [struct({a: varchar()}), '', /ends too early/],
  ])('says what is wrong (%#)', (schema, text, message) => {
    const reading = (): unknown => read(schema, text);

    expect(reading).toThrow(UnreadableRecordError);
    expect(reading).toThrow(message);
  });

  test('refuses bytes that are not UTF-8, and takes U+FFFD where it was written', () => {
    const deserializer = jsonDeserializer(struct({a: varchar()}));

    expect(deserializer.deserialize(Buffer.from('{"a":"\ufffd"}'))).toEqual({a: '\ufffd'});
    expect(() => deserializer.deserialize(Buffer.from('{"a":"\xff"}', 'latin1'))).toThrow('UTF-8');
  });
});

/** JSON, and what is nearly JSON. */
const nearlyJson = fc
  .tuple(
    fc.oneof(
      fc.json(),
      fc.json({stringUnit: 'binary'}),
      schemaAndValue.map(([schema, value]) => write(schema, value)),
      fc.constantFrom(
        '[1.5e-3,-0,0.0]',
        '{"a":{"a":[[{}],{}]}}',
        ' [ ] ',
        '"\\u00e9\\/"',
        '01',
        '-',
      ),
    ),
    fc.option(fc.tuple(fc.nat(), fc.constantFrom('', '"', '{', '}', ',', '\\', '\n', '1', 'e'))),
  )
  .map(([text, edit]) => {
    if (edit === null) return text;
    const at = edit[0] % (text.length + 1);
    return text.slice(0, at) + edit[1] + text.slice(at + 1);
  });

function outcome(run: () => unknown): unknown {
  try {
    return {value: run()};
  } catch (error) {
    return error instanceof UnreadableRecordError ? 'unreadable' : error;
  }
}

describe('exactJsonReader', () => {
  test('accepts exactly the text that JSON.parse accepts', () => {
    const skipsAll = exactJsonReader(struct({}));
    fc.assert(
      fc.property(nearlyJson, (text) => {
        const wrapped = `{"undeclared":${text}}`;
        let valid = true;
        try {
          JSON.parse(wrapped);
        } catch {
          valid = false;
        }

        expect(outcome(() => skipsAll(wrapped))).toEqual(valid ? {value: {}} : 'unreadable');
      }),
      {numRuns: 2000},
    );
  });

  test('agrees with the reader that goes through JSON.parse', () => {
    fc.assert(
      fc.property(anySchema, nearlyJson, (schema, text) => {
        const exact = exactJsonReader(nullable(schema));
        const parsing = jsonReader(nullable(schema));

        expect(
          isDeepStrictEqual(
            outcome(() => parsing(text)),
            outcome(() => exact(text)),
          ),
        ).toBe(true);
      }),
      {numRuns: 500},
    );
  });

  test('agrees with it on what the schema writes', () => {
    fc.assert(
      fc.property(schemaAndValue, ([schema, value]) => {
        const text = write(schema, value);

        expect(isDeepStrictEqual(jsonReader(schema)(text), exactJsonReader(schema)(text))).toBe(
          true,
        );
      }),
      {numRuns: 500},
    );
  });

  test('passes over nesting of any depth', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);

    expect(exactJsonReader(struct({a: bigint()}))(`{"x":${deep},"a":1}`)).toEqual({a: 1n});
  });
});
