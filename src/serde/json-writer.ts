import type {FatalError} from '../common/errors.ts';
import {decimalToUnscaled} from './decimal-text.ts';
import {mismatch} from './json-scalar.ts';
import {label} from './record-buffer.ts';
import type {Label, RecordBuffer} from './record-buffer.ts';
import {scalarValue} from './scalar-value.ts';
import {columnsOf, elementOf, isObject} from './schema-columns.ts';
import type {Schema} from './schema.ts';
import {preview, unwritable} from './unwritable.ts';

/**
 * Appends a value as JSON: no spaces, every declared column in order, null where it is absent.
 *
 * @throws FatalError RECORD_UNWRITABLE when the value does not fit.
 */
export type JsonWriter = (out: RecordBuffer, value: unknown) => void;

/** Compiles the writer of a schema. Errors name what is written, `orders-value`, and its column. */
export function jsonWriter(schema: Schema, where: string, column = ''): JsonWriter {
  const write = present(schema, where, column);
  const {nullable} = schema;
  return (out, value) => {
    if (value !== null && value !== undefined) return write(out, value);
    if (!nullable) throw unwritable(where, column, 'it is null, but declared NOT NULL');
    out.ascii('null');
  };
}

function present(schema: Schema, where: string, column: string): JsonWriter {
  const {type} = schema;
  const misfit: Misfit = (value, takes) =>
    unwritable(where, column, `${type} takes ${takes}, not ${preview(value)}`);
  if (type === 'ARRAY') return array(jsonWriter(elementOf(schema), where, `${column}[]`), misfit);
  if (type === 'MAP') return map(jsonWriter(elementOf(schema), where, `${column}{}`), misfit);
  if (type !== 'STRUCT') return scalar(schema, misfit);
  return struct(schema, misfit, (name, field) =>
    jsonWriter(field, where, column === '' ? name : `${column}.${name}`),
  );
}

type Misfit = (value: unknown, takes: string) => FatalError;

function scalar(schema: Schema, misfit: Misfit): JsonWriter {
  const type = scalarValue(schema);
  const append = appender(schema);
  return (out, value) => {
    const canonical = type?.canonical(value);
    if (canonical === mismatch) throw misfit(value, type?.takes ?? '');
    append(out, canonical);
  };
}

/** Appends a value that its type takes, in its one form. */
function appender(schema: Schema): JsonWriter {
  const {type, scale = 0} = schema;
  if (type === 'VARCHAR') return (out, value) => out.string(value as string);
  if (type === 'BYTES') return (out, value) => base64(out, value as Buffer);
  if (type === 'DECIMAL') {
    return (out, value) => base64(out, decimalToUnscaled(value as string, scale));
  }
  if (type === 'REAL' || type === 'DOUBLE') {
    return (out, value) => out.ascii(floatText(value as number));
  }
  return (out, value) => out.ascii(String(value));
}

/** NaN and the infinities have no JSON number; -0 keeps its sign, as in Java. */
function floatText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? '-0.0' : String(value);
}

function base64(out: RecordBuffer, value: Buffer): void {
  out.ascii(`"${value.toString('base64')}"`);
}

function array(element: JsonWriter, misfit: Misfit): JsonWriter {
  return (out, value) => {
    if (!Array.isArray(value)) throw misfit(value, 'an array');
    out.ascii('[');
    for (let i = 0; i < value.length; i++) {
      if (i > 0) out.ascii(',');
      element(out, value[i]);
    }
    out.ascii(']');
  };
}

function map(element: JsonWriter, misfit: Misfit): JsonWriter {
  return (out, value) => {
    if (!isObject(value)) throw misfit(value, 'an object');
    let separator = '{';
    for (const [key, entry] of Object.entries(value)) {
      out.ascii(separator);
      out.string(key);
      out.ascii(':');
      element(out, entry);
      separator = ',';
    }
    out.ascii(separator === '{' ? '{}' : '}');
  };
}

function struct(
  schema: Schema,
  misfit: Misfit,
  writerOf: (name: string, field: Schema) => JsonWriter,
): JsonWriter {
  const {names, schemas, own} = columnsOf(schema);
  const columns = names.length;
  const texts = names.map((name, i) => `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`);
  const labels = texts.map(label);
  const nulls = texts.map((text) => label(`${text}null`));
  const writers = schemas.map((field, i) => writerOf(names[i] as string, field));
  const isText = schemas.map(({type}) => type === 'VARCHAR');
  const isNullable = schemas.map(({nullable}) => nullable);
  return (out, value) => {
    if (!isObject(value)) throw misfit(value, 'an object');
    const row = own(value);
    for (let i = 0; i < columns; i++) {
      const column = row[names[i] as string];
      if ((column === null || column === undefined) && isNullable[i] === true) {
        out.label(nulls[i] as Label);
        continue;
      }
      out.label(labels[i] as Label);
      if (isText[i] === true && typeof column === 'string') out.string(column);
      else (writers[i] as JsonWriter)(out, column);
    }
    out.ascii(columns === 0 ? '{}' : '}');
  };
}
