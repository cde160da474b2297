import {z} from 'zod';
import type {OptionMeta} from '../src/config/option.ts';
import {configSchema} from '../src/config/schema.ts';
import {variableName} from '../src/config/variable-name.ts';
import {sectionTexts} from './section-texts.ts';

/** JSON Schema, as far as it is looked into here. */
interface Json {
  [keyword: string]: unknown;
  readonly properties?: Readonly<Record<string, Json>>;
  readonly additionalProperties?: Json | boolean;
  readonly oneOf?: readonly Json[];
}

/**
 * What stands in `docs/millrace.schema.json`: the JSON Schema of a configuration file, for editors. Every key with its
 * description, what it takes, its default and its variable; what several keys say together only the service checks.
 */
export function configurationSchema(): object {
  const schema = z.toJSONSchema(configSchema, {
    target: 'draft-7',
    io: 'input',
    override: ({zodSchema, jsonSchema}) =>
      replaceOption(zodSchema as unknown as z.ZodType, jsonSchema),
  }) as Json;
  describe(schema, []);
  for (const [name, text] of Object.entries(sectionTexts))
    Object.assign(schema.properties?.[name] ?? {}, {description: text});
  return {title: 'Configuration of millrace', ...schema};
}

/** To zod an option is text; to an editor it is what YAML makes of the text. */
function replaceOption(schema: z.ZodType, json: object): void {
  const meta = schema.meta() as OptionMeta | undefined;
  if (meta?.editor === undefined) return;
  for (const keyword of Object.keys(json)) Reflect.deleteProperty(json, keyword);
  Object.assign(json, {
    description: `${meta.description}\n\nExpected: ${meta.expected}\nDefault: ${meta.default ?? 'none, it is required'}`,
    ...meta.editor,
    ...(meta.editorDefault !== undefined && {default: meta.editorDefault}),
  });
}

/** Adds the variable of each key. */
function describe({properties, additionalProperties, oneOf}: Json, path: readonly string[]): void {
  for (const [key, json] of Object.entries(properties ?? {})) {
    const keyPath = [...path, key];
    describe(json, keyPath);
    if (typeof json['description'] === 'string')
      json['description'] += `\nVariable: ${variableText(keyPath)}`;
  }
  for (const json of oneOf ?? []) describe(json, path);
  if (typeof additionalProperties === 'object') describe(additionalProperties, [...path, '<name>']);
}

/** The variable of a key, with `<NAME>` where a section has the name that was given to it. */
export function variableText(path: readonly string[]): string {
  return variableName(path).replace('__NAME__', '_<NAME>_');
}
