import type {Compatibility} from './schema-registry.ts';

/** A JSON Schema, as far as compatibility looks into it. */
type JsonSchema =
  | boolean
  | {
      readonly type?: string | readonly string[];
      readonly oneOf?: readonly JsonSchema[];
      readonly anyOf?: readonly JsonSchema[];
      readonly enum?: readonly unknown[];
      readonly properties?: Readonly<Record<string, JsonSchema>>;
      readonly required?: readonly string[];
      readonly additionalProperties?: JsonSchema;
      readonly items?: JsonSchema;
      readonly default?: unknown;
    };

type ObjectSchema = Exclude<JsonSchema, boolean>;

/**
 * Why `next` may not follow `latest` under this level; undefined when it may.
 *
 * Confluent's rules for JSON Schema under its strict policy, for the keywords that Connect and ksqlDB write. Their
 * documents are open content models, so under BACKWARD a property may be removed but not added: a value written before
 * could hold anything under its name.
 */
export function incompatibility(
  level: Compatibility,
  latest: string,
  next: string,
): string | undefined {
  const old = JSON.parse(latest) as JsonSchema;
  const new_ = JSON.parse(next) as JsonSchema;
  const backward =
    level === 'BACKWARD' || level === 'FULL' ? unreadable(new_, old, '#') : undefined;
  const forward = level === 'FORWARD' || level === 'FULL' ? unreadable(old, new_, '#') : undefined;
  if (backward !== undefined) return `the new schema cannot read the old one's values: ${backward}`;
  if (forward !== undefined) return `the old schema cannot read the new one's values: ${forward}`;
  return undefined;
}

/** Why `reader` does not accept everything that `writer` does; `at` is the place in the document. */
function unreadable(reader: JsonSchema, writer: JsonSchema, at: string): string | undefined {
  if (acceptsAll(reader) || writer === false) return undefined;
  if (acceptsAll(writer)) return `${at} takes only some of what it took`;
  const readers = alternatives(reader);
  for (const written of alternatives(writer)) {
    const problems = readers.map((read) => unreadableSingle(read, written, at));
    // The alternative of the same type, if there is one, knows best what is wrong.
    const problem = problems.find((text) => text?.includes('/')) ?? problems[0];
    if (!problems.includes(undefined)) return problem ?? `${at} takes nothing`;
  }
  return undefined;
}

function acceptsAll(schema: JsonSchema): boolean {
  if (typeof schema === 'boolean') return schema;
  const {type, oneOf, anyOf} = schema;
  return type === undefined && oneOf === undefined && anyOf === undefined && !schema.enum;
}

function alternatives(schema: JsonSchema): readonly ObjectSchema[] {
  if (typeof schema === 'boolean') return [];
  const {type} = schema;
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices !== undefined) return choices.flatMap(alternatives);
  return Array.isArray(type) ? type.map((one: string) => ({...schema, type: one})) : [schema];
}

function unreadableSingle(
  reader: ObjectSchema,
  writer: ObjectSchema,
  at: string,
): string | undefined {
  const widened = reader.type === 'number' && writer.type === 'integer';
  if (reader.type !== undefined && reader.type !== writer.type && !widened) {
    return `${at} no longer takes ${String(writer.type)}`;
  }
  const labels = reader.enum?.map((label) => JSON.stringify(label));
  if (labels !== undefined) {
    const lost = writer.enum?.filter((label) => !labels.includes(JSON.stringify(label)));
    if (lost === undefined || lost.length > 0) return `${at} takes fewer values (enum)`;
  }
  return (
    unreadableProperties(reader, writer, at) ??
    unreadable(reader.items ?? true, writer.items ?? true, `${at}/items`)
  );
}

function unreadableProperties(
  reader: ObjectSchema,
  writer: ObjectSchema,
  at: string,
): string | undefined {
  const read = new Map(Object.entries(reader.properties ?? {}));
  const written = new Map(Object.entries(writer.properties ?? {}));
  const othersRead = reader.additionalProperties ?? true;
  const othersWritten = writer.additionalProperties ?? true;
  for (const name of new Set([...read.keys(), ...written.keys()])) {
    const property = read.get(name) ?? othersRead;
    const problem = unreadable(property, written.get(name) ?? othersWritten, `${at}/${name}`);
    if (problem === undefined) continue;
    if (read.has(name) && written.has(name)) return problem;
    return read.has(name)
      ? `${at}/${name} is added to an open content model`
      : `${at}/${name} is removed from a closed content model`;
  }
  const missing = reader.required?.find(
    (name) => writer.required?.includes(name) !== true && !hasDefault(read.get(name)),
  );
  if (missing !== undefined) return `${at}/${missing} is required now`;
  return unreadable(othersRead, othersWritten, `${at}/*`);
}

function hasDefault(schema: JsonSchema | undefined): boolean {
  return typeof schema === 'object' && schema.default !== undefined;
}
