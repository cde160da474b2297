import {describe, expect, test} from 'vitest';
import type {Schema} from '../../src/serde/schema.ts';
import {
  array,
  bigint,
  boolean,
  bytes,
  date,
  decimal,
  double,
  integer,
  struct,
  timestamp,
  uuid,
  varchar,
} from '../../src/serde/schema.ts';
import {keyText} from '../../src/sinks/key-text.ts';

describe('keyText', () => {
  test.each<[string, Schema, unknown, string]>([
    ['a text as it is', varchar(), 'o"1', 'o"1'],
    ['a text that looks like JSON as it is', varchar(), '"o1"', '"o1"'],
    ['a uuid as it is', uuid(), '0d6f-1', '0d6f-1'],
    ['an int64 with all digits', bigint(), 9_007_199_254_740_993n, '9007199254740993'],
    ['an int32', integer(), -7, '-7'],
    ['a double', double(), 1.5, '1.5'],
    ['NaN', double(), Number.NaN, 'NaN'],
    ['a boolean', boolean(), true, 'true'],
    ['a date as days', date(), 19_723, '19723'],
    ['a timestamp as microseconds', timestamp(), 1_704_067_200_000_001n, '1704067200000001'],
    ['bytes in base64', bytes(), Buffer.from([0, 255]), 'AP8='],
    ['a decimal as its unscaled bytes', decimal(10, 2), '12.50', 'BOI='],
    ['an array as JSON', array(varchar()), ['a', null], '["a",null]'],
    [
      'a STRUCT as its columns in order',
      struct({id: bigint(), at: varchar()}),
      {at: 'x', id: 9_007_199_254_740_993n},
      '{"id":9007199254740993,"at":"x"}',
    ],
  ])('gives %s', (_, schema, key, text) => {
    expect(keyText(schema)(key)).toBe(text);
  });
});
