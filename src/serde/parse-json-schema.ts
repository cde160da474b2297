import {isObject} from './schema-columns.ts';
import type {Schema, SchemaType} from './schema.ts';

/**
 * The schema that a registered JSON Schema describes, as Confluent's `JsonSchemaData` reads it; undefined when the text is
 * no JSON object. What it does not say is taken for the widest: an `integer` for an int64, a `number` for a float64.
 */
export function parseJsonSchema(text: string): Schema | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isObject(parsed) ? schemaOf(parsed) : undefined;
}

type JsonSchema = Readonly<Record<string, unknown>>;

function schemaOf(node: JsonSchema): Schema {
  const choices = node['oneOf'] ?? node['anyOf'];
  if (!Array.isArray(choices)) return described(node);
  const kinds = (choices as unknown[]).filter(isObject);
  const [kind, ...others] = kinds.filter(({type}) => type !== 'null');
  const isNullable = kinds.some(({type}) => type === 'null');
  // A union of several is whatever JSON it carries.
  const schema = kind === undefined ? text : others.length > 0 ? anything : schemaOf(kind);
  return {...schema, nullable: isNullable || schema.nullable};
}

const text: Schema = {type: 'VARCHAR', nullable: true};
const anything: Schema = {type: 'MAP', nullable: true, element: text};

function described(node: JsonSchema): Schema {
  const types = [node['type']].flat().filter((type) => typeof type === 'string');
  const [type, ...others] = types.filter((each) => each !== 'null');
  if (others.length > 0 || '$ref' in node) return anything;
  const parameters = isObject(node['connect.parameters'])
    ? (node['connect.parameters'] as Readonly<Record<string, string>>)
    : undefined;
  const name = typeof node['title'] === 'string' ? node['title'] : undefined;
  const version = node['connect.version'];
  const physical = physicalType(type, node['connect.type'], name);
  return {
    type: physical,
    nullable: types.includes('null') || type === undefined,
    ...(name !== undefined && {name}),
    ...(typeof version === 'number' && {version}),
    ...(parameters !== undefined && {parameters}),
    ...(physical === 'DECIMAL' && {scale: Number(parameters?.['scale'] ?? 0)}),
    ...(physical === 'STRUCT' && {fields: fieldsOf(node)}),
    ...(physical === 'ARRAY' && {element: elementOf(node['items'])}),
    ...(physical === 'MAP' && {element: elementOf(node['additionalProperties'])}),
  };
}

const connectTypes: Readonly<Record<string, SchemaType>> = {
  int8: 'SMALLINT',
  int16: 'SMALLINT',
  int32: 'INTEGER',
  float32: 'REAL',
  bytes: 'BYTES',
  map: 'MAP',
};

const jsonTypes: Readonly<Record<string, SchemaType>> = {
  boolean: 'BOOLEAN',
  integer: 'BIGINT',
  number: 'DOUBLE',
  string: 'VARCHAR',
  array: 'ARRAY',
  object: 'STRUCT',
};

function physicalType(
  type: string | undefined,
  connectType: unknown,
  name: string | undefined,
): SchemaType {
  if (name === 'org.apache.kafka.connect.data.Decimal') return 'DECIMAL';
  // Maps with keys that are no strings are arrays of pairs.
  const own = type === 'array' ? undefined : connectTypes[String(connectType)];
  return own ?? jsonTypes[type ?? ''] ?? 'VARCHAR';
}

/** In the order of `connect.index`, where there is one. */
function fieldsOf(node: JsonSchema): Readonly<Record<string, Schema>> {
  const properties = isObject(node['properties']) ? Object.entries(node['properties']) : [];
  return Object.fromEntries(
    properties
      .filter((entry): entry is [string, Record<string, unknown>] => isObject(entry[1]))
      .toSorted(([, a], [, b]) => indexOf(a) - indexOf(b))
      .map(([name, field]) => [name, schemaOf(field)]),
  );
}

function indexOf(node: JsonSchema): number {
  return typeof node['connect.index'] === 'number' ? node['connect.index'] : 0;
}

function elementOf(node: unknown): Schema {
  return isObject(node) ? schemaOf(node) : text;
}
