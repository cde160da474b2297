import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {decodeCopyRow, parseCopyRow} from '../../../../src/cdc/postgres/snapshot/copy-text.ts';
import {ServiceError} from '../../../../src/common/errors.ts';
import type {Relation} from '../../../../src/cdc/replication-source.ts';
import {mutated, mutations} from '../../../support/mutation.ts';

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
      '\ufffd',
    ),
  }),
);

function relation(width: number): Relation {
  return {
    oid: 7,
    schema: 'public',
    table: 't',
    columns: Array.from({length: width}, (_, i) => ({
      name: `c${i}`,
      typeOid: 25,
      typeModifier: -1,
      typeName: 'text',
      nullable: true,
    })),
    primaryKey: [],
    replicaIdentity: 'default',
  };
}

const decode = (line: Buffer, width: number): (string | null)[] =>
  decodeCopyRow(line, 0, line.length, relation(width));

describe('decodeCopyRow', () => {
  test('reads a row of the columns that its table has', () => {
    expect(decode(Buffer.from('a\t\\N\té\n'), 3)).toEqual(['a', null, 'é']);
  });

  test('refuses a row of another width, without its end, of several lines or in another encoding', () => {
    expect(() => decode(Buffer.from('a\tb\n'), 3)).toThrow(
      'unreadable row of public.t: it has 2 columns in place of 3',
    );
    expect(() => decode(Buffer.from('a\tb'), 2)).toThrow('it is cut short');
    expect(() => decode(Buffer.alloc(0), 1)).toThrow('it is cut short');
    expect(() => decode(Buffer.from('a\nb\n'), 1)).toThrow('does not write such an escape');
    expect(() => decode(Buffer.from([0xe9, 0x0a]), 1)).toThrow('is not UTF-8');
  });

  test('names the column that it refuses', () => {
    const line = Buffer.concat([Buffer.from('a\té\t'), Buffer.from([0xe9, 0x09, 0x62, 0x0a])]);

    expect(() => decode(line, 4)).toThrow(/^unreadable row of public\.t: column c2 is not UTF-8/);
    expect(() => decode(Buffer.from('a\t\\N\t\\x41\n'), 3)).toThrow(
      'unreadable row of public.t: Postgres does not write such an escape as in column c2',
    );
  });

  test('refuses what was changed on its way, or says exactly what came', () => {
    fc.assert(
      fc.property(
        fc.array(value, {minLength: 1, maxLength: 5}),
        fc.array(fc.array(mutations, {minLength: 1, maxLength: 3}), {minLength: 20, maxLength: 20}),
        (values, attempts) => {
          const line = Buffer.from(`${write(values)}\n`);
          for (const attempt of attempts) {
            const bytes = mutated(line, attempt);
            const found = attemptTo(() => decode(bytes, values.length));
            // Postgres escapes these; where they stand as they are, they are kept.
            const raw = bytes
              .subarray(0, -1)
              .some((byte) => byte >= 0x08 && byte <= 0x0d && byte !== 0x09);
            if (found instanceof Error || raw) continue;
            expect(`${write(found)}\n`).toBe(bytes.toString());
          }
        },
      ),
      {numRuns: 1_000},
    );
  });
});

/** Its result, or the refusal that it throws. */
function attemptTo<T>(action: () => T): T | ServiceError {
  try {
    return action();
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'CDC_PROTOCOL') return error;
    throw error;
  }
}

describe('parseCopyRow', () => {
  test('tells null, the empty text and the text \\N apart', () => {
    expect(parseCopyRow('\\N\t\t\\\\N')).toEqual([null, '', '\\N']);
  });

  test('reads one empty value from an empty line', () => {
    expect(parseCopyRow('')).toEqual(['']);
  });

  test('gives nothing for what Postgres does not write', () => {
    for (const line of ['\\', 'a\\', '\\x41', 'a\\N', '\\.', '\\101', 'a\nb'])
      expect(parseCopyRow(line)).toBeUndefined();
  });

  test('reads back what Postgres writes', () => {
    fc.assert(
      fc.property(fc.array(value, {minLength: 1}), (values) => {
        expect(parseCopyRow(write(values))).toEqual(values);
      }),
    );
  });
});
