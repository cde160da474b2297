import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {decodeCopyRow} from '../../../../src/cdc/postgres/snapshot/copy-text.ts';
import {ServiceError} from '../../../../src/common/errors.ts';
import {mutated, mutations} from '../../../support/mutation.ts';
import {column, relation} from '../../../support/scripted-source.ts';
import {textsOf} from '../../../support/tuple.ts';
import type {Text} from '../../../support/tuple.ts';

/** By letter: what Postgres' `CopyAttributeOutText` writes as a backslash and the letter. */
const letters = new Map(
  Object.entries({'\\': '\\', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v'}),
);
const letterOf = new Map([...letters].map(([letter, character]) => [character, letter]));

/** As Postgres writes it. */
function write(values: readonly Text[]): string {
  return values
    .map(
      (value) =>
        value?.replaceAll(/[\\\b\f\n\r\t\v]/g, (each) => `\\${letterOf.get(each)}`) ?? '\\N',
    )
    .join('\t');
}

/** The values of a line, in the simplest way; undefined where Postgres does not write it. */
function read(line: string): (string | null)[] | undefined {
  const values = line.split('\t');
  if (!values.every((each) => /^(?:\\N|(?:[^\\\n]|\\[\\bfnrtv])*)$/.test(each))) return undefined;
  return values.map((each) =>
    each === '\\N'
      ? null
      : each.replaceAll(/\\(.)/g, (_, letter: string) => letters.get(letter) ?? ''),
  );
}

const units = Array.from('aNnt\\\t\n\r\b\f\vé😀\ufffd');
const value = fc.option(fc.string({unit: fc.constantFrom(...units)}));

function decode(line: Buffer, width: number): Text[] {
  const table = relation({
    schema: 'public',
    table: 't',
    columns: Array.from({length: width}, (_, i) => column(`c${i}`, 'text')),
  });
  // Within other bytes, as in a read of the socket, which must not be looked at.
  const around = Buffer.alloc(3, '\\');
  const bytes = Buffer.concat([around, line, around]);
  const texts = textsOf(decodeCopyRow(bytes, 3, 3 + line.length, table));
  if (!bytes.subarray(0, 3).equals(around) || !bytes.subarray(3 + line.length).equals(around))
    throw new Error('it has written to other bytes than its own');
  return texts;
}

const decodeText = (line: string, width: number): Text[] => decode(Buffer.from(line), width);

describe('decodeCopyRow', {timeout: 30_000}, () => {
  test('reads a row of the columns that its table has', () => {
    expect(decodeText('a\t\\N\té\n', 3)).toEqual(['a', null, 'é']);
  });

  test('tells null, the empty text and the text \\N apart', () => {
    expect(decodeText('\\N\t\t\\\\N\n', 3)).toEqual([null, '', '\\N']);
  });

  test('reads one empty value from an empty line', () => {
    expect(decodeText('\n', 1)).toEqual(['']);
  });

  test('refuses a row of another width, without its end, of several lines or in another encoding', () => {
    expect(() => decodeText('a\tb\n', 3)).toThrow(
      'unreadable row of public.t: it has 2 columns in place of 3',
    );
    expect(() => decodeText('a\tb', 2)).toThrow('it is cut short');
    expect(() => decodeText('', 1)).toThrow('it is cut short');
    expect(() => decodeText('a\nb\n', 1)).toThrow('does not write such an escape');
    expect(() => decode(Buffer.from([0xe9, 0x0a]), 1)).toThrow('is not UTF-8');
  });

  test('names the column that it refuses', () => {
    const line = Buffer.concat([Buffer.from('a\té\t'), Buffer.from([0xe9, 0x09, 0x62, 0x0a])]);

    expect(() => decode(line, 4)).toThrow(/^unreadable row of public\.t: column c2 is not UTF-8/);
    expect(() => decodeText('a\t\\N\t\\x41\n', 3)).toThrow(
      'unreadable row of public.t: Postgres does not write such an escape as in column c2',
    );
  });

  test.each(['\\', 'a\\', '\\x41', 'a\\N', '\\Na', '\\N\\N', '\\.', '\\101', 'a\nb'])(
    'refuses %j, which Postgres does not write',
    (text) => {
      expect(() => decodeText(`${text}\n`, 1)).toThrow('does not write such an escape');
    },
  );

  test('reads back what Postgres writes', () => {
    fc.assert(
      fc.property(fc.array(value, {minLength: 1}), (values) => {
        expect(decodeText(`${write(values)}\n`, values.length)).toEqual(values);
      }),
    );
  });

  test('reads any line as the simplest way does', () => {
    const line = fc.string({unit: fc.constantFrom('a', 'N', 'n', '\\', '\\', '\t', '\n', 'é')});
    fc.assert(
      fc.property(line, (text) => {
        const width = text.split('\t').length;
        const found = attemptTo(() => decodeText(`${text}\n`, width));
        expect(found instanceof Error ? undefined : found).toEqual(read(text));
      }),
      {numRuns: 5_000},
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
