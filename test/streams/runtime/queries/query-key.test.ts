import {describe, expect, test} from 'vitest';
import {bigint, integer, notNull, struct, varchar} from '../../../../src/serde/schema.ts';
import type {Schema} from '../../../../src/serde/schema.ts';
import {keyText, parseKey, plainValue} from '../../../../src/streams/runtime/queries/query-key.ts';

const pair = struct({id: notNull(varchar()), line: notNull(bigint())});

describe('parseKey', () => {
  test.each<readonly [string, Schema, string, unknown]>([
    ['text as it is', notNull(varchar()), '"c1"', '"c1"'],
    ['no text', notNull(varchar()), '', ''],
    ['a number', notNull(integer()), '7', 7],
    ['an int64 with all digits', notNull(bigint()), '9007199254740993', 9007199254740993n],
    [
      'a STRUCT as JSON',
      pair,
      '{"id":"a/b","line":9007199254740993}',
      {id: 'a/b', line: 9007199254740993n},
    ],
  ])('takes %s', (_what, schema, text, key) => {
    expect(parseKey(schema, text)).toEqual(key);
    expect(parseKey(schema, keyText(schema, key))).toEqual(key);
  });

  test.each<readonly [string, Schema, string, string]>([
    ['text for a number', notNull(integer()), 'seven', 'JSON for INTEGER'],
    ['a STRUCT that is not JSON', pair, 'c1', 'a JSON object with id, line'],
    ['a null', integer(), 'null', 'JSON for INTEGER'],
  ])('refuses %s, and says what it takes', (_what, schema, text, expected) => {
    expect(() => parseKey(schema, text)).toThrow(
      expect.objectContaining({
        fate: 'invalid',
        code: 'KEY_INVALID',
        message: expect.stringContaining(expected),
      }),
    );
  });
});

describe('plainValue', () => {
  test('keeps every digit, and writes bytes as base64', () => {
    const row = {
      count: 9007199254740993n,
      data: Buffer.from([1, 255]),
      amount: '12.50',
      tags: [1n],
    };

    expect(plainValue(row)).toEqual({
      count: '9007199254740993',
      data: 'Af8=',
      amount: '12.50',
      tags: ['1'],
    });
    expect(plainValue(null)).toBeNull();
  });
});
