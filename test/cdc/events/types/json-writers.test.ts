import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {ColumnTypes} from '../../../../src/cdc/events/column-types.ts';
import type {ColumnType} from '../../../../src/cdc/events/types/column-type.ts';
import {typeHandlingDefaults} from '../../../../src/cdc/events/types/type-handling.ts';
import type {TypeHandling} from '../../../../src/cdc/events/types/type-handling.ts';
import {ServiceError} from '../../../../src/common/errors.ts';
import {ByteWriter} from '../../../../src/kafka/memory-records/byte-writer.ts';
import {decimalToUnscaled} from '../../../../src/serde/decimal-text.ts';
import {mutated, mutations} from '../../../support/mutation.ts';
import {column} from '../../../support/scripted-source.ts';
import {handlings, texts} from '../type-texts.ts';

const numeric = (precision: number, scale: number): number =>
  ((precision << 16) | (scale & 0x7ff)) + 4;

/** Modifiers that change how a type is written. */
const modifiers: Readonly<Record<string, readonly number[]>> = {
  numeric: [-1, numeric(12, 2), numeric(20, 0), numeric(30, 12), numeric(5, -2)],
  time: [-1, 0, 3],
  timestamp: [-1, 0, 3],
  timestamptz: [-1, 0, 3],
};

function typeOf(
  typeName: string,
  handling: TypeHandling = typeHandlingDefaults,
  typeModifier = -1,
): ColumnType {
  const type = new ColumnTypes(handling).of(column('c', typeName, {typeModifier}), () => undefined);
  if (type === undefined) throw new Error(`${typeName} is not known`);
  return type;
}

/** Undefined where the text is refused. */
function jsonOf({toJson}: ColumnType, text: string): string | undefined {
  try {
    return toJson(text);
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'CDC_PROTOCOL') return undefined;
    // Digits beyond the scale of the column, which Postgres does not send.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** What is written, behind other bytes and out of the middle of others; undefined where it is left to `toJson`. */
function written({writeJson}: ColumnType, text: string): string | undefined {
  const value = Buffer.from(text);
  const around = Buffer.from('1:-');
  const out = new ByteWriter();
  out.text('x');
  const bytes = Buffer.concat([around, value, around]);
  const isWritten = writeJson?.(out, bytes, 3, 3 + value.length) ?? false;
  const json = out.buffer.toString('utf8', 1, out.at);
  if (out.buffer[0] !== 0x78 || (!isWritten && json !== ''))
    throw new Error(`${JSON.stringify(text)} was written in part`);
  return isWritten ? json : undefined;
}

/** What a table may have in a column of the type, and what it may not. */
function anyTexts(name: string): fc.Arbitrary<string> {
  const known = fc.constantFrom(...(texts[name] ?? []));
  const two = fc.nat(99).map((n) => String(n).padStart(2, '0'));
  const fraction = fc.stringMatching(/^(?:\.\d{1,7})?$/);
  const date = fc
    .tuple(fc.nat(9_999), two, two)
    .map(([year, month, day]) => `${String(year).padStart(4, '0')}-${month}-${day}`);
  const clock = fc.tuple(two, two, two, fraction).map(([h, m, s, f]) => `${h}:${m}:${s}${f}`);
  return fc.oneof(
    known,
    fc
      .tuple(known, fc.array(mutations, {minLength: 1, maxLength: 3}))
      .map(([text, changes]) => mutated(Buffer.from(text), changes).toString()),
    fc.stringMatching(/^-?\d{0,21}(?:\.\d{0,16})?$/),
    date,
    clock,
    fc.tuple(date, clock).map((parts) => parts.join(' ')),
    fc.tuple(date, clock).map(([day, time]) => `${day} ${time}+00`),
    fc.string({
      unit: fc.constantFrom(...Array.from(' \t\n\u0000\u001f"\\/a\u007fé😀\u2028\ufffd')),
    }),
    fc.string({unit: fc.constantFrom(...Array.from('0123456789-+.:eENaBC '))}),
  );
}

const names = Object.keys(texts);

describe('writeJson', {timeout: 60_000}, () => {
  test.each(names)('writes %s as toJson does, and nothing that it refuses', (name) => {
    const types = handlings.flatMap((handling) =>
      (modifiers[name] ?? [-1]).map((modifier) => typeOf(name, handling, modifier)),
    );
    const wrong = (text: string): string | undefined =>
      types
        .map((type) => ({json: written(type, text), expected: jsonOf(type, text)}))
        .find(({json, expected}) => json !== undefined && json !== expected)?.json;
    fc.assert(
      fc.property(anyTexts(name), (text) => {
        expect(wrong(text)).toBeUndefined();
      }),
      {numRuns: 1_000},
    );
  });

  test.each([
    ['bool', -1, ['t', 'f']],
    ['int2', -1, ['0', '-32768']],
    ['int4', -1, ['2147483647', '-1']],
    ['int8', -1, ['-9223372036854775808', '9223372036854775807']],
    ['float4', -1, ['1.5', '0', '-0']],
    ['float8', -1, ['123456.789']],
    ['numeric', numeric(12, 2), ['0.00', '-12.50', '999999999999.99']],
    ['numeric', -1, ['0.00', '1200', '-0.001']],
    ['date', -1, ['0001-01-01', '1969-12-31', '2024-02-29']],
    ['time', -1, ['24:00:00', '04:05:06.789']],
    ['timestamp', -1, ['2024-01-02 03:04:05.123456', '1970-01-01 00:00:01']],
    ['timestamp', 3, ['2024-01-02 03:04:05.12']],
    ['timestamptz', -1, ['2024-01-02 03:04:05.12+00', '1601-01-01 00:00:00+00']],
    ['timestamptz', 0, ['2024-01-02 03:04:05+00']],
    ['text', -1, ['', 'plain', '"\\\n\u0001', 'é😀', 'x'.repeat(5_000)]],
    ['uuid', -1, ['00000000-0000-0000-0000-000000000001']],
    ['jsonb', -1, ['{"b": "é😀"}']],
  ])('takes what a %s(%i) mostly has', (name, modifier, values) => {
    const type = typeOf(name, typeHandlingDefaults, modifier);

    const found = values.map((text) => written(type, text));

    expect(found).toEqual(values.map((text) => jsonOf(type, text)));
  });

  test('takes the digits of a numeric as text', () => {
    const type = typeOf('numeric', {...typeHandlingDefaults, decimal: 'string'});

    expect(['1200', '-0.50', 'NaN'].map((text) => written(type, text))).toEqual([
      '"1200"',
      '"-0.50"',
      undefined,
    ]);
  });

  test('writes any text as JSON.stringify does', () => {
    const type = typeOf('text');
    fc.assert(
      fc.property(fc.string({unit: 'binary', maxLength: 300}), (text) => {
        expect(written(type, text)).toBe(JSON.stringify(text));
      }),
      {numRuns: 3_000},
    );
  });

  test('writes small decimals as the bytes that every decimal has', () => {
    const largest = 10 ** 14 - 1;
    const decimal = typeOf('numeric', typeHandlingDefaults, numeric(14, 0));
    const check = (value: number): void => {
      const bytes = decimalToUnscaled(String(value), 0);
      expect(written(decimal, String(value))).toBe(`"${bytes.toString('base64')}"`);
    };
    for (const edge of [0, 127, 128, 255, 256, 32_767, 32_768, 2 ** 31, 2 ** 39, 2 ** 40]) {
      for (const value of [edge, -edge, -edge - 1]) check(value);
    }
    fc.assert(fc.property(fc.integer({min: -largest, max: largest}), check));
  });

  test.each(['infinity', '0044-03-15 BC', '10000-01-01'])(
    'leaves the date %s to toJson',
    (text) => {
      expect(written(typeOf('date'), text)).toBeUndefined();
    },
  );
});
