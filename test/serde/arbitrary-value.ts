import * as fc from 'fast-check';

import {
  array,
  bigint,
  boolean,
  bytes,
  decimal,
  double,
  integer,
  map,
  notNull,
  nullable,
  real,
  smallint,
  struct,
  varchar,
} from '../../src/serde/schema.ts';
import type {Schema} from '../../src/serde/schema.ts';

/** Any UTF-16 there is: ASCII, escapes, controls, U+2028, emoji, lone surrogates. */
const text: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.string({unit: 'grapheme'}),
  fc.string({unit: fc.integer({min: 0, max: 0xffff}).map((unit) => String.fromCharCode(unit))}),
  fc.constantFrom(
    '',
    '"',
    '\\',
    '\u0000\u001f\u007f',
    '\u2028\u2029',
    '😀',
    '\ud800',
    '\udc00x',
    '\ufeff',
  ),
);

/** Names that rows could inherit, that must be escaped, and that come in another order than they were given. */
const columnName = fc.oneof(
  {weight: 5, arbitrary: fc.string({minLength: 1, maxLength: 6})},
  fc.constantFrom('constructor', '__proto__', 'toString', 'a"b', 'é', '1', '__deleted', ''),
);

const scalar: fc.Arbitrary<Schema> = fc.oneof(
  fc.constantFrom<Schema>(
    boolean(),
    smallint(),
    integer(),
    bigint(),
    real(),
    double(),
    varchar(),
    varchar(),
    bytes(),
  ),
  fc.integer({min: 0, max: 38}).map((scale) => decimal(38, scale)),
);

/** Any schema, STRUCTs within ARRAYs within MAPs included. */
export const anySchema: fc.Arbitrary<Schema> = fc.letrec<{schema: Schema; struct: Schema}>(
  (tie) => ({
    schema: fc
      .tuple(
        fc.oneof(
          {maxDepth: 3},
          scalar,
          tie('struct'),
          tie('schema').map((element) => array(element)),
          tie('schema').map((element) => map(element)),
        ),
        fc.boolean(),
      )
      .map(([schema, isNullable]) => (isNullable ? nullable(schema) : notNull(schema))),
    struct: fc
      .array(fc.tuple(columnName, tie('schema')), {maxLength: 6})
      .map((columns) => struct(Object.fromEntries(columns))),
  }),
).schema;

/** A value that fits the schema; STRUCTs lack nullable columns and have others that are not declared. */
export function valueOf(schema: Schema): fc.Arbitrary<unknown> {
  const value = presentValueOf(schema);
  return schema.nullable ? fc.option(value) : value;
}

function presentValueOf(schema: Schema): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'BOOLEAN':
      return fc.boolean();
    case 'SMALLINT':
      return fc.integer({min: -0x8000, max: 0x7fff});
    case 'INTEGER':
      return fc.integer();
    case 'BIGINT':
      return fc.oneof(
        fc.bigInt({min: -(2n ** 63n), max: 2n ** 63n - 1n}),
        fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n, 0n, -1n),
      );
    case 'REAL':
    case 'DOUBLE':
      return fc.double();
    case 'DECIMAL':
      return decimalText(schema.scale ?? 0);
    case 'VARCHAR':
      return text;
    case 'BYTES':
      return fc.uint8Array().map((array8) => Buffer.from(array8));
    case 'ARRAY':
      return fc.array(valueOf(schema.element as Schema), {maxLength: 4});
    case 'MAP':
      return fc
        .array(fc.tuple(columnName, valueOf(schema.element as Schema)), {maxLength: 4})
        .map((entries) => Object.fromEntries(entries));
    case 'STRUCT':
      return structValueOf(schema);
  }
  throw new TypeError(schema.type);
}

function decimalText(scale: number): fc.Arbitrary<string> {
  const max = 10n ** 38n - 1n;
  return fc.bigInt({min: -max, max}).map((unscaled) => {
    const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
    const whole = digits.slice(0, digits.length - scale);
    const fraction = digits.slice(digits.length - scale);
    return `${unscaled < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${fraction}`}`;
  });
}

function structValueOf(schema: Schema): fc.Arbitrary<unknown> {
  const columns = Object.entries(schema.fields ?? {}).map(([name, column]) =>
    fc.tuple(fc.constant(name), valueOf(column), fc.boolean()),
  );
  return fc
    .tuple(fc.tuple(...columns), fc.boolean(), fc.boolean())
    .map(([values, extra, reversed]) => {
      const present = values.filter(([, value, absent]) => value !== null || !absent);
      const entries = present.map(([name, value]): [string, unknown] => [name, value]);
      if (reversed) entries.reverse();
      const undeclared = 'not declared' in (schema.fields ?? {}) ? [] : [['not declared', 1]];
      return Object.fromEntries([...(extra ? undeclared : []), ...entries]) as unknown;
    });
}

/** A schema and a value that fits it. */
export const schemaAndValue = anySchema.chain((schema) =>
  valueOf(schema).map((value): readonly [Schema, unknown] => [schema, value]),
);
