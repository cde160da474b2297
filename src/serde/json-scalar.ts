import {canonicalDecimal, decimalFromUnscaled} from './decimal-text.ts';
import type {Schema, SchemaType} from './schema.ts';

/** A JSON scalar that is not what its column is declared as. */
export const mismatch = Symbol('mismatch');

/** Makes a column's value of a JSON scalar, or says {@link mismatch}. Numbers come as their text. */
export interface JsonScalar {
  string(text: string): unknown;
  number(token: string): unknown;
  boolean(value: boolean): unknown;
}

const no = (): typeof mismatch => mismatch;

/** What each scalar type accepts; undefined for ARRAY, MAP and STRUCT. */
export function jsonScalar(schema: Schema): JsonScalar | undefined {
  return schema.type === 'DECIMAL' ? decimal(schema.scale ?? 0) : scalars[schema.type];
}

function integer(min: number, max: number): JsonScalar['number'] {
  return (token) => {
    const value = Number(token);
    return Number.isInteger(value) && value >= min && value <= max ? value | 0 : mismatch;
  };
}

/** What always fits: 18 digits are below 2^63. */
const shortInteger = /^\d{1,18}$/;

function int64(token: string): unknown {
  if (shortInteger.test(token)) return BigInt(token);
  const digits = exact(token, 0);
  if (digits === mismatch) return mismatch;
  const value = BigInt(digits);
  return BigInt.asIntN(64, value) === value ? value : mismatch;
}

function notFinite(text: string): unknown {
  return text === 'NaN' || text === 'Infinity' || text === '-Infinity' ? Number(text) : mismatch;
}

/** Connect's BASE64 is what is written; its NUMERIC is understood too. */
function decimal(scale: number): JsonScalar {
  return {
    string: (text) => {
      const bytes = base64(text);
      return bytes === mismatch || bytes.length === 0
        ? mismatch
        : decimalFromUnscaled(bytes, scale);
    },
    number: (token) => exact(token, scale),
    boolean: no,
  };
}

function exact(token: string, scale: number): string | typeof mismatch {
  try {
    return canonicalDecimal(token, scale);
  } catch {
    return mismatch;
  }
}

const base64Text = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function base64(text: string): Buffer | typeof mismatch {
  return base64Text.test(text) ? Buffer.from(text, 'base64') : mismatch;
}

const float: JsonScalar = {string: notFinite, number: Number, boolean: no};

const scalars: Readonly<Partial<Record<SchemaType, JsonScalar>>> = {
  BOOLEAN: {string: no, number: no, boolean: (value) => value},
  SMALLINT: {string: no, number: integer(-0x8000, 0x7fff), boolean: no},
  INTEGER: {string: no, number: integer(-0x8000_0000, 0x7fff_ffff), boolean: no},
  BIGINT: {string: no, number: int64, boolean: no},
  REAL: float,
  DOUBLE: float,
  // ksqlDB's JSON_SR reads any scalar into a VARCHAR.
  VARCHAR: {string: (text) => text, number: (token) => token, boolean: String},
  BYTES: {string: base64, number: no, boolean: no},
};
