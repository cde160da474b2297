import {exactJsonReader} from './exact-json-reader.ts';
import {jsonScalar, mismatch} from './json-scalar.ts';
import {columnsOf, elementOf, isObject} from './schema-columns.ts';
import type {Row} from './schema-columns.ts';
import type {Schema, SchemaType} from './schema.ts';
import {UnreadableRecordError} from './serde.ts';

/**
 * Compiles the reader of a schema: JSON text to the declared columns, in order, null where absent.
 *
 * Without an int64 in the schema, text goes through `JSON.parse`, and through the exact reader only where a column
 * holds another type than declared: a VARCHAR takes a number's digits, anything else throws UnreadableRecordError.
 */
export function jsonReader(schema: Schema): (text: string) => unknown {
  const exact = exactJsonReader(schema);
  const read = hasInt64(schema) ? exact : parsing(schema, exact);
  if (schema.nullable) return read;
  return (text) => {
    const value = read(text);
    if (value === null) throw new UnreadableRecordError('it is the JSON literal null');
    return value;
  };
}

function parsing(schema: Schema, exact: (text: string) => unknown): (text: string) => unknown {
  const adopt = adopter(schema);
  return (text) => {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      return exact(text);
    }
    const value = parsed === null ? null : adopt(parsed);
    return value === mismatch ? exact(text) : value;
  };
}

function hasInt64(schema: Schema): boolean {
  if (schema.type === 'BIGINT') return true;
  if (schema.element !== undefined) return hasInt64(schema.element);
  return Object.values(schema.fields ?? {}).some(hasInt64);
}

/** Makes the value of what was parsed (never null), in place where it can; {@link mismatch} when it does not fit. */
type Adopter = (parsed: unknown) => unknown;

function adopter(schema: Schema): Adopter {
  const {type} = schema;
  if (type === 'ARRAY') return arrayAdopter(adopter(elementOf(schema)));
  if (type === 'MAP') return mapAdopter(adopter(elementOf(schema)));
  if (type === 'STRUCT') return structAdopter(schema);
  if (type === 'SMALLINT') return integerAdopter(16);
  if (type === 'INTEGER') return integerAdopter(32);
  return scalarAdopter(schema, parsedAs[type]);
}

/** The types whose values `JSON.parse` makes by itself. */
const parsedAs: Readonly<Partial<Record<SchemaType, 'string' | 'number' | 'boolean'>>> = {
  BOOLEAN: 'boolean',
  REAL: 'number',
  DOUBLE: 'number',
  VARCHAR: 'string',
};

/** Takes JavaScript's own type as it is, and strings where the type has a form of them. */
function scalarAdopter(schema: Schema, own: 'string' | 'number' | 'boolean' | undefined): Adopter {
  const scalar = jsonScalar(schema);
  return (parsed) => {
    if (typeof parsed === own) return parsed;
    return typeof parsed === 'string' ? scalar?.string(parsed) : mismatch;
  };
}

function integerAdopter(bits: 16 | 32): Adopter {
  const unused = 32 - bits;
  return (parsed) =>
    typeof parsed === 'number' && (parsed << unused) >> unused === parsed ? parsed | 0 : mismatch;
}

function arrayAdopter(element: Adopter): Adopter {
  return (parsed) => {
    if (!Array.isArray(parsed)) return mismatch;
    const values = parsed as unknown[];
    for (let i = 0; i < values.length; i++) {
      const adopted = values[i] === null ? null : element(values[i]);
      if (adopted === mismatch) return mismatch;
      values[i] = adopted;
    }
    return values;
  };
}

function mapAdopter(element: Adopter): Adopter {
  return (parsed) => {
    if (!isObject(parsed)) return mismatch;
    const entries = parsed;
    for (const key of Object.keys(entries)) {
      const adopted = entries[key] === null ? null : element(entries[key]);
      if (adopted === mismatch) return mismatch;
      entries[key] = adopted;
    }
    return entries;
  };
}

function structAdopter(schema: Schema): Adopter {
  const {names, schemas, own, blank} = columnsOf(schema);
  const columns = names.length;
  const adopters = schemas.map(adopter);
  const isText = schemas.map(({type}) => type === 'VARCHAR');
  return (parsed) => {
    if (!isObject(parsed)) return mismatch;
    const source = own(parsed);
    const row = hasExactly(parsed, names) ? parsed : blank();
    for (let i = 0; i < columns; i++) {
      const name = names[i] as string;
      const column = source[name];
      if (column === null || column === undefined) continue;
      if (isText[i] === true && typeof column === 'string') {
        if (row !== source) row[name] = column;
        continue;
      }
      const adopted = (adopters[i] as Adopter)(column);
      if (adopted === mismatch) return mismatch;
      if (row !== source || adopted !== column) row[name] = adopted;
    }
    return row;
  };
}

/** Whether the row has these columns in this order and no others. */
function hasExactly(row: Row, names: readonly string[]): boolean {
  let i = 0;
  for (const name in row) {
    if (name !== names[i]) return false;
    i++;
  }
  return i === names.length;
}
