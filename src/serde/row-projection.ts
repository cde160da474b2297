import type {FatalError} from '../common/errors.ts';
import {mismatch} from './json-scalar.ts';
import {scalarValue} from './scalar-value.ts';
import {columnsOf, elementOf, isObject} from './schema-columns.ts';
import type {Schema} from './schema.ts';
import {preview, unwritable} from './unwritable.ts';

/**
 * Compiles what a trip through bytes does to a value: a new object with the declared columns only, in order, null
 * where absent, decimals at their scale.
 *
 * The result equals what the deserializer makes of the serializer's bytes, and FatalError RECORD_UNWRITABLE is thrown
 * where the serializer does. `where` names the record in errors.
 */
export function projector<T>(schema: Schema<T>, where = 'the record'): (value: unknown) => T {
  return projection(schema, where, '') as (value: unknown) => T;
}

type Projection = (value: unknown) => unknown;

function projection(schema: Schema, where: string, column: string): Projection {
  const project = present(schema, where, column);
  const {nullable} = schema;
  return (value) => {
    if (value !== null && value !== undefined) return project(value);
    if (!nullable) throw unwritable(where, column, 'it is null, but declared NOT NULL');
    return null;
  };
}

type Misfit = (value: unknown, takes: string) => FatalError;

function present(schema: Schema, where: string, column: string): Projection {
  const {type} = schema;
  const misfit: Misfit = (value, takes) =>
    unwritable(where, column, `${type} takes ${takes}, not ${preview(value)}`);
  if (type === 'ARRAY') return array(projection(elementOf(schema), where, `${column}[]`), misfit);
  if (type === 'MAP') return map(projection(elementOf(schema), where, `${column}{}`), misfit);
  if (type !== 'STRUCT') return scalar(schema, misfit);
  return struct(schema, misfit, (name, field) =>
    projection(field, where, column === '' ? name : `${column}.${name}`),
  );
}

function array(element: Projection, misfit: Misfit): Projection {
  return (value) => {
    if (!Array.isArray(value)) throw misfit(value, 'an array');
    // Array.from visits holes too, as JSON does.
    return Array.from(value, element);
  };
}

function map(element: Projection, misfit: Misfit): Projection {
  return (value) => {
    if (!isObject(value)) throw misfit(value, 'an object');
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, element(entry)]));
  };
}

function scalar(schema: Schema, misfit: Misfit): Projection {
  const type = scalarValue(schema);
  return (value) => {
    const canonical = type?.canonical(value);
    if (canonical === mismatch) throw misfit(value, type?.takes ?? '');
    return canonical;
  };
}

function struct(
  schema: Schema,
  misfit: Misfit,
  projectionOf: (name: string, field: Schema) => Projection,
): Projection {
  const {names, schemas, own, blank} = columnsOf(schema);
  const columns = names.length;
  const projections = schemas.map((field, i) => projectionOf(names[i] as string, field));
  const isText = schemas.map(({type}) => type === 'VARCHAR');
  const isNullable = schemas.map(({nullable}) => nullable);
  return (value) => {
    if (!isObject(value)) throw misfit(value, 'an object');
    const source = own(value);
    const row = blank();
    for (let i = 0; i < columns; i++) {
      const name = names[i] as string;
      const column = source[name];
      if ((column === null || column === undefined) && isNullable[i] === true) continue;
      row[name] =
        isText[i] === true && typeof column === 'string'
          ? column
          : (projections[i] as Projection)(column);
    }
    return row;
  };
}
