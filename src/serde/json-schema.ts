import {decimalToUnscaled} from './decimal-text.ts';
import type {Schema, SchemaType} from './schema.ts';

/**
 * The JSON Schema that Confluent's `JsonSchemaConverter` registers for a schema: one line, without spaces.
 *
 * An open content model: no `required`, no `additionalProperties`, no `$schema`, no `$ref`. Nullable is
 * `oneOf: [null, …]`; the order of columns is `connect.index`. Equal schemas give equal texts.
 */
export function toJsonSchema(schema: Schema): string {
  return withNull(schema, []);
}

/** `type` and `connect.type` of each physical type (`io.confluent.connect.json.JsonSchemaData`). */
const physical: Readonly<Record<SchemaType, readonly [type: string, connectType?: string]>> = {
  BOOLEAN: ['boolean'],
  SMALLINT: ['integer', 'int16'],
  INTEGER: ['integer', 'int32'],
  BIGINT: ['integer', 'int64'],
  REAL: ['number', 'float32'],
  DOUBLE: ['number', 'float64'],
  DECIMAL: ['string', 'bytes'],
  VARCHAR: ['string'],
  BYTES: ['string', 'bytes'],
  ARRAY: ['array'],
  MAP: ['object', 'map'],
  STRUCT: ['object'],
};

/** Members of a JSON object as texts; values are JSON already. */
type Members = readonly (readonly [name: string, json: string])[];

/** `position` says where the schema stands in its struct; it goes outside of `oneOf`. */
function withNull(schema: Schema, position: Members): string {
  if (!schema.nullable) return object([...describe(schema), ...position]);
  return object([...position, ['oneOf', `[{"type":"null"},${object(describe(schema))}]`]]);
}

function describe(schema: Schema): Members {
  const [type, connectType] = physical[schema.type];
  const members: [string, string][] = [['type', JSON.stringify(type)]];
  if (schema.name !== undefined) members.push(['title', JSON.stringify(schema.name)]);
  if (schema.doc !== undefined) members.push(['description', JSON.stringify(schema.doc)]);
  if (schema.default !== undefined) members.push(['default', defaultValue(schema)]);
  if (schema.version !== undefined) members.push(['connect.version', String(schema.version)]);
  if (connectType !== undefined) members.push(['connect.type', JSON.stringify(connectType)]);
  if (schema.parameters !== undefined) {
    members.push(['connect.parameters', JSON.stringify(schema.parameters)]);
  }
  if (schema.element !== undefined) {
    const name = schema.type === 'ARRAY' ? 'items' : 'additionalProperties';
    members.push([name, withNull(schema.element, [])]);
  }
  if (schema.fields !== undefined) {
    const properties = Object.entries(schema.fields).map(
      ([name, field], index) =>
        [name, withNull(field, [['connect.index', String(index)]])] as const,
    );
    members.push(['properties', object(properties)]);
  }
  return members;
}

function object(members: Members): string {
  return `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}

function defaultValue(schema: Schema): string {
  const value = schema.default;
  if (schema.type === 'DECIMAL') {
    return JSON.stringify(decimalToUnscaled(String(value), schema.scale ?? 0).toString('base64'));
  }
  if (typeof value === 'bigint') return value.toString();
  if (Buffer.isBuffer(value)) return JSON.stringify(value.toString('base64'));
  if (typeof value === 'number' && !Number.isFinite(value)) return JSON.stringify(String(value));
  return JSON.stringify(value);
}
