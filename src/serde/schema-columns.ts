import type {Schema} from './schema.ts';

export type Row = Record<string, unknown>;

/** A STRUCT's columns as parallel arrays, in order. */
export interface Columns {
  readonly names: readonly string[];
  readonly schemas: readonly Schema[];
  /** The row, such that reading an absent column gives undefined even where the column is called `constructor`. */
  readonly own: (row: object) => Row;
  /** A new row, all null. */
  readonly blank: () => Row;
}

export function columnsOf(schema: Schema): Columns {
  const fields = schema.fields ?? {};
  const names = Object.keys(fields);
  const inherits = names.some((name) => name in Object.prototype);
  // fromEntries defines properties: assigning would lose a column called __proto__.
  const template = Object.fromEntries(names.map((name) => [name, null]));
  return {
    names,
    schemas: Object.values(fields),
    own: inherits ? (row) => Object.assign(Object.create(null) as Row, row) : (row) => row as Row,
    blank: () => ({...template}),
  };
}

/** The element of an ARRAY, the value of a MAP. */
export function elementOf(schema: Schema): Schema {
  if (schema.element === undefined) throw new TypeError(`${schema.type} without an element`);
  return schema.element;
}

/** Whether the value can be a STRUCT or MAP: not null, not an array. */
export function isObject(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
