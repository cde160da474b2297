import {canonicalDecimal} from './decimal-text.ts';
import {mismatch} from './json-scalar.ts';
import type {Schema, SchemaType} from './schema.ts';

/** What a scalar type takes from a row. */
export interface ScalarValue {
  /** For errors: `a bigint of 64 bits`. */
  readonly takes: string;
  /** The value in its one form, decimals at their scale; {@link mismatch} when the type does not take it. */
  canonical(value: unknown): unknown;
}

/** Undefined for ARRAY, MAP and STRUCT. */
export function scalarValue(schema: Schema): ScalarValue | undefined {
  return schema.type === 'DECIMAL' ? decimal(schema.scale ?? 0) : scalars[schema.type];
}

function ofType(type: 'boolean' | 'number' | 'string', takes: string): ScalarValue {
  // oxlint-disable-next-line valid-typeof -- the parameter's type says which strings it can be
  return {takes, canonical: (value) => (typeof value === type ? value : mismatch)};
}

function integer(bits: 16 | 32): ScalarValue {
  const unused = 32 - bits;
  return {
    takes: `an integer of ${bits} bits`,
    canonical: (value) =>
      typeof value === 'number' && (value << unused) >> unused === value ? value | 0 : mismatch,
  };
}

function decimal(scale: number): ScalarValue {
  return {
    takes: `decimal text of scale ${scale}`,
    canonical: (value) => {
      if (typeof value !== 'string') return mismatch;
      try {
        return canonicalDecimal(value, scale);
      } catch {
        return mismatch;
      }
    },
  };
}

const scalars: Readonly<Partial<Record<SchemaType, ScalarValue>>> = {
  BOOLEAN: ofType('boolean', 'a boolean'),
  SMALLINT: integer(16),
  INTEGER: integer(32),
  BIGINT: {
    takes: 'a bigint of 64 bits',
    canonical: (value) =>
      typeof value === 'bigint' && BigInt.asIntN(64, value) === value ? value : mismatch,
  },
  REAL: ofType('number', 'a number'),
  DOUBLE: ofType('number', 'a number'),
  VARCHAR: ofType('string', 'a string'),
  BYTES: {takes: 'a Buffer', canonical: (value) => (Buffer.isBuffer(value) ? value : mismatch)},
};
