import {isDeepStrictEqual} from 'node:util';

import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import {messageOf} from '../../src/common/errors.ts';
import {jsonDeserializer, jsonSerializer} from '../../src/serde/json-serde.ts';
import {projector} from '../../src/serde/row-projection.ts';
import {array, bigint, decimal, notNull, struct, varchar} from '../../src/serde/schema.ts';
import type {Schema} from '../../src/serde/schema.ts';
import {anySchema, schemaAndValue} from './arbitrary-value.ts';

function throughBytes(schema: Schema, value: unknown): unknown {
  return jsonDeserializer(schema).deserialize(
    jsonSerializer(schema, 'the record').serialize(value),
  );
}

function outcome(run: () => unknown): unknown {
  try {
    return {value: run()};
  } catch (error) {
    return messageOf(error);
  }
}

describe('projector', () => {
  test('makes of any fitting value what a trip through bytes makes', () => {
    fc.assert(
      fc.property(schemaAndValue, ([schema, value]) => {
        const projected = projector(schema)(value);

        expect(isDeepStrictEqual(projected, throughBytes(schema, value))).toBe(true);
      }),
      {numRuns: 500},
    );
  });

  test('refuses what the serializer refuses, in the same words', () => {
    const anything = fc.anything({withBigInt: true, withSparseArray: true, maxDepth: 3});
    fc.assert(
      fc.property(anySchema, anything, (schema, value) => {
        const projected = outcome(() => projector(schema)(value));
        const written = outcome(() => throughBytes(schema, value));

        expect(isDeepStrictEqual(projected, written)).toBe(true);
      }),
      {numRuns: 1000},
    );
  });

  test('gives the declared columns in order, null where they are absent', () => {
    const project = projector(struct({b: varchar(), a: varchar(), constructor: varchar()}));

    const row = project({x: 1, a: 'a', b: undefined});

    expect(Object.entries(row)).toEqual([
      ['b', null],
      ['a', 'a'],
      ['constructor', null],
    ]);
  });

  test('gives a new object, nested ones included, and leaves the old one alone', () => {
    const project = projector(struct({a: varchar(), in: struct({b: array(varchar())})}));
    const row = Object.freeze({a: '1', in: Object.freeze({b: Object.freeze(['2'])})});

    const projected = project(row);

    expect(projected).toEqual(row);
    expect(projected).not.toBe(row);
    expect(projected.in).not.toBe(row.in);
    expect(projected.in.b).not.toBe(row.in.b);
  });

  test('brings decimals to their scale', () => {
    const project = projector(struct({price: decimal(10, 2)}));

    expect(project({price: '12.5'})).toEqual({price: '12.50'});
    expect(() => project({price: '12.505'})).toThrow(/column price: DECIMAL/);
  });

  test('names the record and the column that it refuses', () => {
    const project = projector(struct({in: struct({id: notNull(bigint())})}), 'orders-value');

    expect(() => project({in: {}})).toThrow(/cannot write orders-value, column in\.id: /);
  });
});
