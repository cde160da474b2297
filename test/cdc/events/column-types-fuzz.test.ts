import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {ServiceError} from '../../../src/common/errors.ts';
import {ColumnTypes} from '../../../src/cdc/events/column-types.ts';
import {typeHandlingDefaults} from '../../../src/cdc/events/types/type-handling.ts';
import type {TypeHandling} from '../../../src/cdc/events/types/type-handling.ts';
import {mutated, mutations} from '../../support/mutation.ts';
import {handlings, texts} from './type-texts.ts';

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
    expect(jsonOf('varbit', '01'.repeat(5_000_000), typeHandlingDefaults)).toMatch(/^"/);
  });

  test('writes an hstore of millions of pairs, and one of millions of escapes', () => {
    const pairs = Array.from({length: 2_000_000}, (_, at) => `"${at}"=>"x"`).join(', ');
    const escapes = `"k"=>"${String.raw`\"`.repeat(4_000_000)}"`;

    expect(jsonOf('hstore', pairs, typeHandlingDefaults)?.slice(-2)).toBe('}"');
    // A quotation mark in JSON in JSON.
    expect(jsonOf('hstore', escapes, typeHandlingDefaults)?.length).toBe(4 * 4_000_000 + 14);
  });
});
