import {array, assert, constantFrom, property, string} from 'fast-check';
import {describe, expect, test} from 'vitest';
import {substituteEnvironment} from '../../src/config/substitute-environment.ts';

const environment = {NAME: 'value', OTHER_1: 'a${NAME}$&', EMPTY: '', UNSET: undefined};

describe('substituteEnvironment', () => {
  test.each([
    ['${NAME}', 'value'],
    ['a${NAME}b${NAME}', 'avaluebvalue'],
    ['${OTHER_1}', 'a${NAME}$&'],
    ['$${NAME}', '${NAME}'],
    ['$${', '${'],
    ['$NAME $ $$ } {NAME}', '$NAME $ $$ } {NAME}'],
    ['', ''],
  ])('makes of %s: %s', (written, text) => {
    expect(substituteEnvironment(written, environment)).toEqual({text, missing: []});
  });

  test.each([
    ['${UNSET}', ['needs the environment variable UNSET, which is not set']],
    ['${MISSING}', ['needs the environment variable MISSING, which is not set']],
    ['${EMPTY}', ['needs the environment variable EMPTY, which is empty']],
    ['${constructor}', ['needs the environment variable constructor, which is not set']],
    [
      '${A}${NAME}${B}',
      [
        'needs the environment variable A, which is not set',
        'needs the environment variable B, which is not set',
      ],
    ],
  ])('names what is missing for %s', (written, missing) => {
    expect(substituteEnvironment(written, environment).missing).toEqual(missing);
  });

  test.each(['${}', '${', '${NAME', '${ NAME }', '${1A}', '${NAME:-x}'])(
    'refuses %s, and says how to write such text',
    (written) => {
      expect(substituteEnvironment(written, environment).missing).toEqual([
        'has a `${` that is not followed by the name of a variable and `}`; write `$${` for the text itself',
      ]);
    },
  );

  test('keeps any text with escaped dollars', () => {
    const texts = array(constantFrom('$', '{', '}', 'NAME', '${NAME}', ' ')).map((parts) =>
      parts.join(''),
    );

    assert(
      property(texts, (text) => {
        // A `$` before `${` cannot be told from the escape.
        const written = text.replaceAll(/\$+\{/g, () => '$${');
        const meant = text.replaceAll(/\$+\{/g, () => '${');

        expect(substituteEnvironment(written, environment)).toEqual({text: meant, missing: []});
      }),
    );
  });

  test('takes the value as it is, whatever is in it', () => {
    assert(
      property(string({minLength: 1}), (value) => {
        expect(substituteEnvironment('<${NAME}>', {NAME: value}).text).toBe(`<${value}>`);
      }),
    );
  });
});
