import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import {jsonSerializer} from '../../src/serde/json-serde.ts';
import {rowEquals} from '../../src/serde/row-equality.ts';
import {projector} from '../../src/serde/row-projection.ts';
import {
  array,
  bigint,
  bytes,
  decimal,
  double,
  map,
  nullable,
  struct,
  varchar,
} from '../../src/serde/schema.ts';
import type {Schema} from '../../src/serde/schema.ts';
import {anySchema, schemaAndValue, valueOf} from './arbitrary-value.ts';

describe('rowEquals', () => {
  test('finds a row equal to itself after a trip through its projection', () => {
    fc.assert(
      fc.property(schemaAndValue, ([schema, value]) => {
        const projected = projector(schema)(value);

        expect(rowEquals(schema)(value, projected)).toBe(true);
        expect(rowEquals(schema)(projected, value)).toBe(true);
      }),
    );
  });

  test('tells rows apart exactly where their bytes differ', () => {
    const pairs = anySchema
      .filter(hasNoMap)
      .chain((schema) =>
        fc
          .tuple(valueOf(schema), valueOf(schema))
          .map(([a, b]): readonly [Schema, unknown, unknown] => [schema, a, b]),
      );
    fc.assert(
      fc.property(pairs, ([schema, a, b]) => {
        const serializer = jsonSerializer(schema, 'x');
        const sameBytes = serializer.serialize(a).equals(serializer.serialize(b));

        expect(rowEquals(schema)(a, b)).toBe(sameBytes);
      }),
      {numRuns: 1000},
    );
  });

  test.each<[boolean, Schema, unknown, unknown]>([
    [true, struct({a: varchar()}), {a: null, x: 1}, {x: 2}],
    [false, struct({a: varchar()}), {a: ''}, {a: null}],
    [true, struct({a: varchar(), b: varchar()}), {a: '1', b: '2'}, {b: '2', a: '1'}],
    [true, struct({d: decimal(5, 2)}), {d: '1.5'}, {d: '1.50'}],
    [false, struct({d: decimal(5, 2)}), {d: '1.5'}, {d: '1.51'}],
    [true, struct({n: bigint()}), {n: 2n ** 62n}, {n: 2n ** 62n}],
    [false, struct({n: bigint()}), {n: 2n ** 62n}, {n: 2n ** 62n + 1n}],
    [true, struct({y: bytes()}), {y: Buffer.from('ab')}, {y: Buffer.from('ab')}],
    [false, struct({y: bytes()}), {y: Buffer.from('ab')}, {y: Buffer.from('ac')}],
    [true, struct({f: double()}), {f: Number.NaN}, {f: Number.NaN}],
    [true, struct({l: array(varchar())}), {l: ['a', null]}, {l: ['a', undefined]}],
    [false, struct({l: array(varchar())}), {l: ['a']}, {l: ['a', null]}],
    [true, struct({m: map(varchar())}), {m: {a: '1', b: '2'}}, {m: {b: '2', a: '1'}}],
    [false, struct({m: map(varchar())}), {m: {a: null}}, {m: {b: null}}],
    [false, struct({m: map(varchar())}), {m: {}}, {m: {toString: null}}],
    [false, struct({s: nullable(struct({a: varchar()}))}), {s: {}}, {s: null}],
    [true, struct({constructor: varchar()}), {}, {constructor: null}],
  ])('is %s (%#)', (equal, schema, a, b) => {
    expect(rowEquals(schema)(a, b)).toBe(equal);
    expect(rowEquals(schema)(b, a)).toBe(equal);
  });
});

/** A map's bytes depend on the order of its keys, its equality does not. */
function hasNoMap(schema: Schema): boolean {
  const within = [
    ...Object.values(schema.fields ?? {}),
    ...(schema.element ? [schema.element] : []),
  ];
  return schema.type !== 'MAP' && within.every(hasNoMap);
}
