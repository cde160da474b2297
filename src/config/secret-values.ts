import type {z} from 'zod';
import type {OptionMeta} from './option.ts';
import {configSchema, singleSections} from './schema.ts';
import type {CheckedFile} from './schema.ts';
import {sinkSchemas} from './sink-schema.ts';
import {sourceSchema} from './source-schema.ts';

/** Checked keys, and the schema that knows which of them are secret. */
type Section = readonly [schema: z.ZodObject, keys: Readonly<Record<string, unknown>>];

/**
 * What no output may hold: the values of the secret keys. One that stands in another key as well, such as a password that
 * is the name of its user, is left out: that name is in topics and messages, and says nothing of where it is a password.
 */
export function secretValues(keys: CheckedFile): readonly string[] {
  const secrets: string[] = [];
  const names = new Set([...Object.keys(keys.sources ?? {}), ...Object.keys(keys.sinks ?? {})]);
  for (const [schema, values] of sectionsOf(keys))
    for (const [key, value] of Object.entries(values)) {
      const {secretsIn} = metaOf(schema, key);
      if (value === undefined) continue;
      if (secretsIn !== undefined) secrets.push(...secretsIn(value as never));
      else for (const text of textsIn(value)) names.add(text);
    }
  return secrets.filter((secret) => !names.has(secret));
}

function sectionsOf(keys: CheckedFile): readonly Section[] {
  const {sources = {}, sinks = {}} = keys;
  return [
    [configSchema, keys],
    ...Object.entries(singleSections).map(([name, schema]): Section => [
      schema,
      keys[name as 'kafka' | 'schema.registry'] ?? {},
    ]),
    ...Object.values(sources).map((source): Section => [sourceSchema, source]),
    ...Object.values(sinks).map((sink): Section => [sinkSchemas[sink.connector], sink]),
  ];
}

/** A value, and the words in it; nothing of a section. */
function textsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (typeof value !== 'string' && typeof value !== 'number') return [];
  const text = String(value);
  return [text, ...text.split(/\W+/)];
}

function metaOf(schema: z.ZodObject, key: string): Partial<OptionMeta> {
  return ((schema.shape[key] as z.ZodType | undefined)?.meta() ?? {}) as Partial<OptionMeta>;
}
