import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {parseCopyRow} from '../../../src/cdc/postgres/copy-text.ts';

/** As Postgres' `CopyAttributeOutText` writes it. */
function write(values: readonly (string | null)[]): string {
  const letters: Record<string, string> = {
    '\\': '\\\\',
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\v': '\\v',
  };
  return values
    .map(
      (value) => value?.replaceAll(/[\\\b\f\n\r\t\v]/g, (letter) => letters[letter] ?? '') ?? '\\N',
    )
    .join('\t');
}

describe('parseCopyRow', () => {
  test('tells null, the empty text and the text \\N apart', () => {
    expect(parseCopyRow('\\N\t\t\\\\N')).toEqual([null, '', '\\N']);
  });

  test('reads one empty value from an empty line', () => {
    expect(parseCopyRow('')).toEqual(['']);
  });

  test('reads back what Postgres writes', () => {
    const value = fc.option(
      fc.string({
        unit: fc.constantFrom(
          'a',
          'N',
          'n',
          't',
          '\\',
          '\t',
          '\n',
          '\r',
          '\b',
          '\f',
          '\v',
          'é',
          '😀',
        ),
      }),
    );
    fc.assert(
      fc.property(fc.array(value, {minLength: 1}), (values) => {
        expect(parseCopyRow(write(values))).toEqual(values);
      }),
    );
  });
});
