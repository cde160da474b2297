import {describe, expect, test} from 'vitest';
import {ColumnTypes} from '../../../src/cdc/events/column-types.ts';
import type {ColumnType} from '../../../src/cdc/events/types/column-type.ts';
import {typeHandlingDefaults} from '../../../src/cdc/events/types/type-handling.ts';
import type {TypeHandling} from '../../../src/cdc/events/types/type-handling.ts';
import {column} from '../../support/scripted-source.ts';

/** `numeric(8, 2)`; Postgres adds the length of a header. */
const NUMERIC_8_2 = ((8 << 16) | 2) + 4;

function refuseLoss(text: string): never {
  throw new Error(`lost ${text}`);
}

function typeOf(
  handling: Partial<TypeHandling>,
  typeName: string,
  typeModifier = -1,
  onLoss: (text: string) => void = refuseLoss,
): ColumnType {
  const types = new ColumnTypes({...typeHandlingDefaults, ...handling});
  const type = types.of(column('c', typeName, {typeModifier}), onLoss);
  if (type === undefined) throw new Error(`${typeName} is not known`);
  return type;
}

function isKnown(includeUnknown: boolean, name: string): boolean {
  const types = new ColumnTypes({...typeHandlingDefaults, includeUnknown});
  return types.of(column('c', name), refuseLoss) !== undefined;
}

describe('ColumnTypes', () => {
  test.each([
    ['string', -1, '1200', '"1200"'],
    ['string', NUMERIC_8_2, '-0.50', '"-0.50"'],
    ['string', -1, '-Infinity', '"NEGATIVE_INFINITY"'],
    ['double', -1, '12345678901234567890.5', '12345678901234567000'],
    ['double', -1, '1' + '0'.repeat(400), '"Infinity"'],
    ['double', -1, `-0.${'0'.repeat(400)}1`, '-0.0'],
    ['double', -1, 'NaN', '"NaN"'],
    ['precise', NUMERIC_8_2, '-0.50', '"zg=="'],
    ['precise', -1, '1.200', '{"scale":1,"value":"DA=="}'],
  ] as const)('writes numeric as %s', (decimal, modifier, text, json) => {
    expect(typeOf({decimal}, 'numeric', modifier).toJson(text)).toBe(json);
  });

  test.each([
    ['string', 2, '-$1,234.50', '"-1234.50"'],
    ['double', 2, '-$1,234.50', '-1234.5'],
    ['precise', 2, '$0.50', '"Mg=="'],
    ['precise', 4, '$0.50', '"E4g="'],
    ['precise', 1, '$0.15', '"Ag=="'],
    ['precise', 1, '-$0.15', '"/g=="'],
    ['precise', 0, '$0.49', '"AA=="'],
  ] as const)('writes money as %s with %i digits', (decimal, moneyFractionDigits, text, json) => {
    expect(typeOf({decimal, moneyFractionDigits}, 'money').toJson(text)).toBe(json);
  });

  const modes = [
    'adaptive',
    'adaptive_time_microseconds',
    'connect',
    'isostring',
    'microseconds',
    'nanoseconds',
  ] as const;

  test.each([
    ['date', -1, '1969-12-31', ['-1', '-1', '-1', '"1969-12-31Z"', '-1', '-1']],
    [
      'date',
      -1,
      '0044-03-15 BC',
      ['-735160', '-735160', '-735160', '"-0043-03-15Z"', '-735160', '-735160'],
    ],
    [
      'time',
      3,
      '00:00:01.5',
      ['1500', '1500000', '1500', '"00:00:01.5Z"', '1500000', '1500000000'],
    ],
    [
      'time',
      -1,
      '24:00:00',
      ['86400000000', '86400000000', '86400000', '"24:00:00Z"', '86400000000', '86400000000000'],
    ],
    [
      'timestamp',
      0,
      '1970-01-01 00:00:01',
      ['1000', '1000', '1000', '"1970-01-01T00:00:01Z"', '1000000', '1000000000'],
    ],
    // A part of a millisecond before 1970 is cut off downwards.
    [
      'timestamp',
      -1,
      '1969-12-31 23:59:59.9999',
      ['-100', '-100', '-1', '"1969-12-31T23:59:59.9999Z"', '-100', '-100000'],
    ],
    [
      'timestamp',
      -1,
      'infinity',
      [
        '9223372036825200000',
        '9223372036825200000',
        '9223372036825200',
        '"+294247-01-10T04:00:25.2Z"',
        '9223372036825200000',
        '9223372036854775807',
      ],
    ],
    [
      'timestamp',
      -1,
      '0044-03-15 12:00:00.25 BC',
      [
        '-63517780799750000',
        '-63517780799750000',
        '-63517780799750',
        '"-0043-03-15T12:00:00.25Z"',
        '-63517780799750000',
        'null',
      ],
    ],
  ] as const)('writes %s(%i) %s in each time.precision.mode', (name, modifier, text, expected) => {
    const written = modes.map((time) =>
      typeOf({time}, name, modifier, () => undefined).toJson(text),
    );

    expect(written).toEqual(expected);
  });

  test.each([
    ['294247-01-10 04:00:54.775807', '9223372036854775807'],
    ['294247-01-10 04:00:54.775808', 'null'],
  ])('reports a timestamp whose microseconds do not fit 64 bits: %s', (text, json) => {
    const lost: string[] = [];

    expect(typeOf({}, 'timestamp', -1, (value) => lost.push(value)).toJson(text)).toBe(json);
    expect(lost).toEqual(json === 'null' ? [text] : []);
  });

  test.each([
    ['numeric', '1 year 2 mons 3 days 04:05:06.78', '37091106780000'],
    ['string', '1 year 2 mons 3 days 04:05:06.78', '"P1Y2M3DT4H5M6.78S"'],
    ['string', '-1 years +3 days -00:05:00.5', '"P-1Y0M3DT0H-5M-0.5S"'],
    ['string', '00:00:00', '"P0Y0M0DT0H0M0S"'],
    ['string', '-infinity', '"-infinity"'],
    ['numeric', 'infinity', '9223372036854775807'],
  ] as const)('writes an interval as %s: %s', (interval, text, json) => {
    expect(typeOf({interval}, 'interval').toJson(text)).toBe(json);
  });

  test.each([
    ['bytes', 'BYTES', '"+/8="', '"aGk="'],
    ['base64', 'VARCHAR', '"+/8="', 'null'],
    ['base64-url-safe', 'VARCHAR', '"-_8="', 'null'],
    ['hex', 'VARCHAR', '"fbff"', '"hi"'],
  ] as const)('writes bytea as %s', (binary, type, json, unavailable) => {
    const bytea = typeOf({binary, unavailableValue: 'hex:6869'}, 'bytea');

    expect(bytea.schema.type).toBe(type);
    expect(bytea.toJson('\\xfbff')).toBe(json);
    expect(bytea.unavailable).toBe(unavailable);
  });

  test('writes hstore as a map', () => {
    const hstore = typeOf({hstore: 'map', unavailableValue: 'x'}, 'hstore');

    expect(hstore.schema.type).toBe('MAP');
    expect(hstore.toJson('"k"=>"v", "n"=>NULL')).toBe('{"k":"v","n":null}');
    expect(hstore.unavailable).toBe('{"x":"x"}');
  });

  test('has null, reported, for an array of enums with a null among its labels', () => {
    const lost: string[] = [];
    const types = new ColumnTypes(typeHandlingDefaults);
    const moods = column('c', '_a.mood', {enumLabels: ['sad', 'ok']});
    const type = types.of(moods, (text) => lost.push(text));

    expect(type?.toJson('{sad,ok}')).toBe('["sad","ok"]');
    expect(type?.toJson('{sad,NULL}')).toBe('null');
    expect(lost).toEqual(['{sad,NULL}']);
    expect(type?.schema.element).toMatchObject({nullable: false, parameters: {allowed: 'sad,ok'}});
  });

  test('leaves out what it does not know, and the arrays that Debezium leaves out in any case', () => {
    expect(['geometry', '_geometry', 'xid', '_money'].map((name) => isKnown(false, name))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(['geometry', '_geometry', 'xid', '_money'].map((name) => isKnown(true, name))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});
