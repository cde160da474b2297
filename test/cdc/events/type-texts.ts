import {typeHandlingDefaults} from '../../../src/cdc/events/types/type-handling.ts';
import type {TypeHandling} from '../../../src/cdc/events/types/type-handling.ts';

/** Texts of each type as Postgres writes them. */
export const texts: Readonly<Record<string, readonly string[]>> = {
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

/** Which together have each mode of how values are shown that has a writer of its own. */
export const handlings: readonly TypeHandling[] = [
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
