/** A Connect schema as its `JsonConverter` writes it beside a payload. */
export interface ConnectSchema {
  readonly type: string;
  readonly optional: boolean;
  readonly name?: string | undefined;
  readonly version?: number | undefined;
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  readonly doc?: string | undefined;
  readonly default?: unknown;
  readonly fields?: readonly ConnectSchema[] | undefined;
  readonly items?: ConnectSchema | undefined;
  readonly keys?: ConnectSchema | undefined;
  readonly values?: ConnectSchema | undefined;
  readonly field?: string | undefined;
}

/** What `JsonSchemaConverter` registers for a Connect schema. */
interface JsonSchema {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly oneOf?: readonly [{readonly type: 'null'}, JsonSchema];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema;
  readonly 'connect.index'?: number;
  readonly 'connect.type'?: string;
  readonly 'connect.version'?: number;
  readonly 'connect.parameters'?: Readonly<Record<string, string>>;
}

/** The Connect schema that a registered JSON Schema was made of. */
export function connectSchemaOf(text: string): ConnectSchema {
  return convert(JSON.parse(text) as JsonSchema);
}

const names: Readonly<Record<string, string>> = {
  object: 'struct',
  number: 'double',
  float32: 'float',
  float64: 'double',
};

function convert(schema: JsonSchema, field?: string): ConnectSchema {
  const inner = schema.oneOf?.[1] ?? schema;
  const type = inner['connect.type'] ?? inner.type ?? '?';
  const isMap = type === 'map';
  return plain({
    type: names[type] ?? type,
    optional: schema.oneOf !== undefined,
    name: inner.title,
    version: inner['connect.version'],
    parameters: inner['connect.parameters'],
    doc: inner.description,
    default: inner.default,
    fields:
      inner.properties &&
      Object.entries(inner.properties)
        .toSorted(([, a], [, b]) => (a['connect.index'] ?? 0) - (b['connect.index'] ?? 0))
        .map(([name, property]) => convert(property, name)),
    items: inner.items && convert(inner.items),
    keys: isMap ? {type: 'string', optional: false} : undefined,
    values: isMap && inner.additionalProperties ? convert(inner.additionalProperties) : undefined,
    field,
  });
}

/** Without what is undefined. */
function plain(schema: ConnectSchema): ConnectSchema {
  return Object.fromEntries(
    Object.entries(schema).filter(([, value]) => value !== undefined),
  ) as unknown as ConnectSchema;
}
