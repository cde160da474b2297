import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {ServiceError} from '../../../src/common/errors.ts';
import {ColumnTypes} from '../../../src/cdc/events/column-types.ts';
import {typeHandlingDefaults} from '../../../src/cdc/events/types/type-handling.ts';
import type {TypeHandling} from '../../../src/cdc/events/types/type-handling.ts';
import {mutated, mutations} from '../../support/mutation.ts';

/** Texts of each type as Postgres writes them. */
const texts: Readonly<Record<string, readonly string[]>> = {
  bool: ['t', 'f'],
  int2: ['0', '-32768'],
  int4: ['2147483647', '-1'],
  int8: ['-9223372036854775808', '10'],
  oid: ['4294967295', '0'],
  float4: ['1.1', '1e+10', 'NaN', '-Infinity', '0'],
  float8: ['1.5e-07', '-0', '123456.789', 'Infinity'],
  numeric: ['0.00', '-12.50', '100000', 'NaN', '-Infinity'],
  money: ['$1,234.56', '-$0.01'],
  date: ['2024-02-29', '0044-03-15 BC', 'infinity', '5874897-12-31'],
  time: ['04:05:06.789', '24:00:00'],
  timetz: ['04:05:06.789123-08', '00:00:00+05:30:15'],
  timestamp: [
    '2024-01-02 03:04:05.123456',
    '-infinity',
    '0001-01-01 00:00:00 BC',
    '294276-12-31 23:59:59.999999',
  ],
  timestamptz: ['2024-01-02 03:04:05.12+00', 'infinity', '4714-11-24 00:00:00+00 BC'],
  interval: [
    '1 year -2 mons +3 days 04:05:06.789',
    '00:00:00',
    '-00:00:01',
    '2 days',
    'infinity',
    '-178000000 years',
  ],
  bytea: ['\\x', '\\xdeadbeef00'],
  uuid: ['00000000-0000-0000-0000-000000000001'],
  json: ['{"a": 1,  "a": [null]}', '"\\u0000"'],
  jsonb: ['{"b": "é😀"}'],
  xml: ['<a/>'],
  text: ['', 'it\'s "so" \\ \n\t\u2028', '\u0001'],
  hstore: ['', '"k"=>"v", "n"=>NULL', '"q\\"\\\\"=>"a, b=>c"'],
  ltree: ['a.b'],
  tsvector: [`'cat':1 'it''s':2`],
  point: ['(1.5,-2)', '(1e+300,NaN)'],
  bit: ['10101'],
  varbit: ['', '1'],
  int4range: ['[1,6)', 'empty'],
  _int4: ['{}', '{1,NULL,3}', '[0:1]={1,2}', '{{1,2},{3,4}}'],
  _text: ['{"a b",NULL,"NULL","\\"q\\" \\\\"}', '{a,b}'],
  _date: ['{2024-02-29,infinity}'],
  _numeric: ['{1.5,NULL}'],
  _bool: ['{t,f}'],
  _timestamptz: ['{"2024-01-02 03:04:05+00"}'],
};

const handlings: readonly TypeHandling[] = [
  typeHandlingDefaults,
  {
    ...typeHandlingDefaults,
    decimal: 'string',
    time: 'isostring',
    interval: 'string',
    binary: 'hex',
    hstore: 'map',
  },
  {
    ...typeHandlingDefaults,
    decimal: 'double',
    time: 'nanoseconds',
    binary: 'base64',
    includeUnknown: true,
  },
];

/** The JSON, or undefined where the text was refused. */
function jsonOf(typeName: string, text: string, handling: TypeHandling): string | undefined {
  const column = {name: 'c', typeOid: 1, typeModifier: -1, typeName, nullable: true};
  const type = new ColumnTypes(handling).of(column, () => undefined);
  try {
    return type?.toJson(text);
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'CDC_PROTOCOL') return undefined;
    throw error;
  }
}

const names = Object.keys(texts);

describe('ColumnTypes with any text', () => {
  test.each(names)('writes %s as JSON', (name) => {
    for (const handling of handlings)
      for (const text of texts[name] ?? [])
        expect(() => JSON.parse(jsonOf(name, text, handling) ?? '')).not.toThrow();
  });

  test.each(names)('refuses a text that is not of the type %s, or writes JSON', (name) => {
    fc.assert(
      fc.property(
        fc.constantFrom(...(texts[name] ?? [])),
        fc.array(mutations, {minLength: 1, maxLength: 3}),
        fc.constantFrom(...handlings),
        (text, changes, handling) => {
          // What is not UTF-8 does not come as far as this.
          const changed = mutated(Buffer.from(text), changes).toString();
          const json = jsonOf(name, changed, handling);
          expect(() => JSON.parse(json ?? 'null')).not.toThrow();
        },
      ),
      {numRuns: 500},
    );
  });

  test.each([
    ['int4', '1x'],
    ['int4', ''],
    ['int8', '007'],
    ['float8', '1.5.2'],
    ['numeric', '1,5'],
    ['bool', 'true'],
    ['date', '2024-02-2'],
    ['date', '29.02.2024'],
    ['timestamp', '2024-01-02T03:04:05'],
    ['timestamptz', '2024-01-02 03:04:05+02'],
    ['interval', 'P1D'],
    ['interval', ''],
    ['interval', '2 days2 days'],
    ['interval', '2 days 1 year'],
    ['interval', '2 days '],
    ['bytea', '\\xzz'],
    ['bytea', 'deadbeef'],
    ['bytea', '\\xabc'],
    ['money', '1,00 €'],
    ['point', '(1,2'],
    ['bit', '102'],
    ['hstore', '"k"=>'],
    ['hstore', '"k"=>"v" "n"=>"v"'],
    ['_int4', '{1,2'],
    ['_int4', '{1,}'],
    ['_text', '{"a"b}'],
    ['_text', 'a'],
  ])('refuses for %s the text %s', (name, text) => {
    expect(jsonOf(name, text, typeHandlingDefaults)).toBeUndefined();
  });

  test('writes values of many megabytes', () => {
    const long = 'x'.repeat(10_000_000);

    expect(jsonOf('hstore', `"k"=>"${long}"`, typeHandlingDefaults)?.length).toBe(10_000_000 + 14);
    expect(jsonOf('bytea', `\\x${'ab'.repeat(5_000_000)}`, typeHandlingDefaults)?.length).toBe(
      6_666_670,
    );
    expect(jsonOf('_text', `{"${long}"}`, typeHandlingDefaults)?.length).toBe(10_000_000 + 4);
  });
});
