import {mismatch} from './json-scalar.ts';
import {scalarValue} from './scalar-value.ts';
import {columnsOf, elementOf, isObject} from './schema-columns.ts';
import type {Schema} from './schema.ts';

/**
 * Compiles deep equality over the declared columns: whether two values would have the same bytes.
 *
 * An absent column equals null, and `12.5` equals `12.50` at scale 2. Values that do not fit the schema equal nothing.
 */
export function rowEquals<T>(schema: Schema<T>): (a: T, b: T) => boolean {
  return equality(schema);
}

type Equality = (a: unknown, b: unknown) => boolean;

function equality(schema: Schema): Equality {
  const equals = present(schema);
  return (a, b) => {
    const left = a ?? null;
    const right = b ?? null;
    return left === null || right === null ? left === right : equals(left, right);
  };
}

function present(schema: Schema): Equality {
  const {type} = schema;
  if (type === 'ARRAY') return array(equality(elementOf(schema)));
  if (type === 'MAP') return map(equality(elementOf(schema)));
  if (type === 'STRUCT') return struct(schema);
  if (type === 'DECIMAL') return decimal(schema);
  if (type === 'BYTES') return (a, b) => Buffer.isBuffer(a) && Buffer.isBuffer(b) && a.equals(b);
  if (type === 'SMALLINT' || type === 'INTEGER') return (a, b) => a === b;
  // NaN is NaN, and a float's -0 has other bytes than 0.
  return Object.is;
}

function decimal(schema: Schema): Equality {
  const type = scalarValue(schema);
  return (a, b) => {
    if (a === b) return true;
    const canonical = type?.canonical(a);
    return canonical !== mismatch && canonical === type?.canonical(b);
  };
}

function array(element: Equality): Equality {
  return (a, b) => {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!element(a[i], b[i])) return false;
    return true;
  };
}

/** Whatever the order of the keys: a map has none. */
function map(element: Equality): Equality {
  return (a, b) => {
    if (!isObject(a) || !isObject(b)) return false;
    const keys = Object.keys(a);
    if (keys.length !== Object.keys(b).length) return false;
    return keys.every((key) => Object.hasOwn(b, key) && element(a[key], b[key]));
  };
}

function struct(schema: Schema): Equality {
  const {names, schemas, own} = columnsOf(schema);
  const columns = names.length;
  const equals = schemas.map(equality);
  return (a, b) => {
    if (!isObject(a) || !isObject(b)) return false;
    const left = own(a);
    const right = own(b);
    for (let i = 0; i < columns; i++) {
      const name = names[i] as string;
      if (
        !Object.is(left[name], right[name]) &&
        !(equals[i] as Equality)(left[name], right[name])
      ) {
        return false;
      }
    }
    return true;
  };
}
