import {describe, expect, test} from 'vitest';

import {toJsonSchema} from '../../../src/serde/json-schema.ts';
import {incompatibility} from '../../../src/serde/registry/json-schema-compatibility.ts';
import {array, bigint, double, map, notNull, struct, varchar} from '../../../src/serde/schema.ts';
import type {Schema} from '../../../src/serde/schema.ts';

const id = notNull(varchar());

function problem(
  level: 'BACKWARD' | 'FORWARD' | 'FULL',
  old: Schema,
  next: Schema,
): string | undefined {
  return incompatibility(level, toJsonSchema(old), toJsonSchema(next));
}

describe('incompatibility', () => {
  test.each<[string, Schema, Schema, boolean, boolean]>([
    ['nothing', struct({id}), struct({id}), true, true],
    ['a title', struct({id}, {name: 'a'}), struct({id}, {name: 'b'}), true, true],
    ['an added column', struct({id}), struct({id, a: varchar()}), false, true],
    ['a removed column', struct({id, a: varchar()}), struct({id}), true, false],
    ['a column made nullable', struct({id}), struct({id: varchar()}), true, false],
    ['a column made NOT NULL', struct({id: varchar()}), struct({id}), false, true],
    ['an integer made a double', struct({a: bigint()}), struct({a: double()}), true, false],
    ['text made an integer', struct({a: varchar()}), struct({a: bigint()}), false, false],
    [
      'a nested column added',
      struct({s: struct({id})}),
      struct({s: struct({id, a: id})}),
      false,
      true,
    ],
    ['array elements widened', array(id), array(varchar()), true, false],
    ['map values widened', map(id), map(varchar()), true, false],
  ])('judges %s', (_, old, next, backward, forward) => {
    expect(problem('BACKWARD', old, next) === undefined).toBe(backward);
    expect(problem('FORWARD', old, next) === undefined).toBe(forward);
    expect(problem('FULL', old, next) === undefined).toBe(backward && forward);
  });

  test.each<[string, string, string, boolean]>([
    [
      'an added column to a closed model',
      '{"type":"object","additionalProperties":false}',
      '{"type":"object","additionalProperties":false,"properties":{"a":{"type":"string"}}}',
      true,
    ],
    [
      'a column removed from a closed model',
      '{"type":"object","additionalProperties":false,"properties":{"a":{"type":"string"}}}',
      '{"type":"object","additionalProperties":false}',
      false,
    ],
    [
      'a model closed',
      '{"type":"object"}',
      '{"type":"object","additionalProperties":false}',
      false,
    ],
    [
      'a required column',
      '{"type":"object","properties":{"a":{"type":"string"}}}',
      '{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}',
      false,
    ],
    [
      'a required column with a default',
      '{"type":"object","properties":{"a":{"type":"string"}}}',
      '{"type":"object","properties":{"a":{"type":"string","default":""}},"required":["a"]}',
      true,
    ],
    ['labels added', '{"type":"string","enum":["a"]}', '{"type":"string","enum":["a","b"]}', true],
    [
      'a label removed',
      '{"type":"string","enum":["a","b"]}',
      '{"type":"string","enum":["a"]}',
      false,
    ],
    ['anything narrowed', '{}', '{"type":"string"}', false],
    ['anything allowed', '{"type":"string"}', 'true', true],
    [
      'a list of types',
      '{"type":["string","null"]}',
      '{"oneOf":[{"type":"null"},{"type":"string"}]}',
      true,
    ],
    ['a lost type', '{"type":["string","null"]}', '{"type":"string"}', false],
  ])('judges %s by JSON Schema', (_, old, next, compatible) => {
    expect(incompatibility('BACKWARD', old, next) === undefined).toBe(compatible);
  });

  test('allows anything under NONE', () => {
    expect(incompatibility('NONE', '{"type":"string"}', '{"type":"object"}')).toBeUndefined();
  });

  test('says where and why', () => {
    expect(problem('BACKWARD', struct({s: struct({id})}), struct({s: struct({id, a: id})}))).toBe(
      "the new schema cannot read the old one's values: #/s/a is added to an open content model",
    );
  });
});
