import type {z} from 'zod';
import {kafkaSchema} from './kafka-schema.ts';
import type {KeyPath} from './mistake.ts';
import {nearest} from './nearest.ts';
import {isSection} from './raw-config.ts';
import type {RawConfig} from './raw-config.ts';
import {configSchema, schemaRegistrySchema, singleSections} from './schema.ts';
import {commonSinkSchema, sinkSchemaOf, sinkSchemas} from './sink-schema.ts';
import {sourceSchema} from './source-schema.ts';

/** Says what the issues of the schema mean to the person who wrote the file. */
export function reportIssues(raw: RawConfig, issues: readonly z.core.$ZodIssue[]): void {
  const misspelled = new Set<string>();
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const path = issue.path.map(String);
    for (const key of issue.keys) {
      const {message, meant} = unknownKey(path, key, schemaAt(raw, path));
      raw.keyMistake([...path, key], message);
      if (meant !== undefined) misspelled.add(JSON.stringify([...path, meant]));
    }
  }
  // A required key that is there under a wrong name is one mistake, not two.
  const isMisspelled = ({message, path}: z.core.$ZodIssue): boolean =>
    message === 'is required' && misspelled.has(JSON.stringify(path));
  for (const issue of issues)
    if (issue.code !== 'unrecognized_keys' && !isMisspelled(issue)) reportValue(raw, issue);
}

function reportValue(raw: RawConfig, issue: z.core.$ZodIssue): void {
  const path = issue.path.map(String);
  const wantsSection = issue.code === 'invalid_type' && issue.expected !== 'string';
  raw.mistake(path, wantsSection ? sectionExpected(path) : issue.message);
}

function sectionExpected(path: KeyPath): string {
  return path.length === 1 && !(String(path[0]) in singleSections)
    ? `: expected names with keys under each: \`${path[0]}: {<name>: {…}}\``
    : ': expected a section of keys';
}

/** What to say about a key that there is not, and the key that was meant. */
function unknownKey(
  path: KeyPath,
  key: string,
  schema: z.ZodObject,
): {message: string; meant?: string} {
  const known = Object.keys(schema.shape);
  const whole = known.find((name) => name.startsWith(`${key}.`));
  if (whole !== undefined)
    return {message: `is not a key; keys are written whole, as \`${whole}: …\``, meant: whole};
  const section = path.length === 0 && known.find((name) => key.startsWith(`${name}.`));
  if (section === 'sources' || section === 'sinks')
    return {message: `is not a key; \`${section}:\` has names under it, with their keys`};
  if (section !== false && section !== undefined && section in singleSections)
    return {message: `is not a key; \`${section}:\` has its keys under it`};
  const meant = nearest(key, known) ?? known.find((name) => name.endsWith(`.${key}`));
  if (meant !== undefined) return {message: `is not a key; did you mean \`${meant}\`?`, meant};
  const place = Object.entries(places).find(
    ([, other]) => other !== schema && Object.hasOwn(other.shape, key),
  );
  return {
    message:
      place === undefined
        ? 'is not a key; docs/configuration.md lists them'
        : `does not belong here but ${place[0]}`,
  };
}

const places: Readonly<Record<string, z.ZodObject>> = {
  'under `sources.<name>`': sourceSchema,
  'under `sinks.<name>`': commonSinkSchema,
  ...Object.fromEntries(
    Object.entries(sinkSchemas).map(([connector, schema]) => [
      `under \`sinks.<name>\` with \`connector: ${connector}\``,
      schema,
    ]),
  ),
  'under `kafka`': kafkaSchema,
  'under `schema.registry`': schemaRegistrySchema,
  'at the top level': configSchema,
};

function schemaAt({root}: RawConfig, [section, name = '']: KeyPath): z.ZodObject {
  const single = section === undefined ? undefined : singleSections[section];
  if (single !== undefined) return single;
  if (section === 'sources') return sourceSchema;
  if (section !== 'sinks') return configSchema;
  const sink = isSection(root['sinks']) ? root['sinks'][name] : undefined;
  return sinkSchemaOf(isSection(sink) ? sink['connector'] : undefined);
}
