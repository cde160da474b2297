import {dirname, isAbsolute, join, resolve} from 'node:path';
import type {z} from 'zod';
import type {Config, SinkConfig, SourceConfig} from './config.ts';
import type {KeyPath} from './mistake.ts';
import {pathText} from './mistake.ts';
import {nearest} from './nearest.ts';
import {isSection} from './raw-config.ts';
import type {RawConfig, RawSection, RawValue} from './raw-config.ts';
import {configSchema, sinkSchema, sourceSchema, unsupportedSections} from './schema.ts';
import type {CheckedFile} from './schema.ts';

/**
 * The configuration that `raw` describes; undefined when `raw.mistakes` has something in it, all of it.
 *
 * Relative paths in the file start at its folder, others at `workingDirectory`.
 */
export function checkConfig(
  raw: RawConfig,
  file: string | undefined,
  workingDirectory: string,
): Config | undefined {
  const broken = new Set(
    raw.mistakes.filter(({path}) => path.length > 0).map(({path}) => pathText(path)),
  );
  // A sink of another kind has other keys: one line says all there is to say about it.
  const refused: KeyPath[] = [];
  const supported = {...raw.root};
  for (const [section, message] of Object.entries(unsupportedSections)) {
    if (!(section in supported)) continue;
    raw.mistake([section], `is ${message}`);
    refused.push([section]);
    delete supported[section];
  }
  const result = configSchema.safeParse(supported);
  for (const issue of result.error?.issues ?? []) {
    const path = issue.path.map(String);
    if (broken.has(pathText(path))) continue;
    if (path.at(-1) === 'connector' && issue.message.includes('not supported yet'))
      refused.push(path.slice(0, -1));
    reportIssue(raw, path, issue);
  }
  if (refused.length > 0) dropDetails(raw, refused);
  checkTogether(raw);
  if (raw.mistakes.length > 0 || result.data === undefined) return undefined;
  const base = file === undefined ? workingDirectory : dirname(resolve(workingDirectory, file));
  return configFrom(result.data, file, (path, key) => {
    const position = raw.position(key);
    const fromFile = position === undefined || 'line' in position;
    return isAbsolute(path) ? path : join(fromFile ? base : workingDirectory, path);
  });
}

function reportIssue(raw: RawConfig, path: KeyPath, issue: z.core.$ZodIssue): void {
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) raw.mistake([...path, key], unknownKey(path, key));
    return;
  }
  if (issue.code === 'invalid_type' && issue.expected !== 'string') {
    raw.mistake(path, sectionExpected(path));
    return;
  }
  const params = issue.code === 'custom' ? issue.params : undefined;
  const written = params?.['showsValue'] === true ? raw.written(path) : undefined;
  const found = written === undefined ? '' : `, found ${JSON.stringify(written.slice(0, 60))}`;
  // "is required", "is empty", "`x` is not supported yet": sentences about the key; "expected x" is one by itself.
  raw.mistake(path, issue.message.startsWith('is ') ? issue.message : `: ${issue.message}${found}`);
}

function sectionExpected(path: KeyPath): string {
  return path.length === 1
    ? `: expected names with keys under each: \`${path[0]}: {<name>: {…}}\``
    : ': expected a section of keys';
}

function unknownKey(path: KeyPath, key: string): string {
  const known = Object.keys(schemaAt(path).shape);
  if (path.length === 0) known.push(...Object.keys(unsupportedSections));
  const flat = known.find((name) => name.startsWith(`${key}.`));
  if (flat !== undefined) return `is not a key; keys are written whole, as \`${flat}: …\``;
  const near = nearest(key, known);
  if (near !== undefined) return `is not a key; did you mean \`${near}\`?`;
  for (const [place, schema] of [
    ['sources.<name>', sourceSchema],
    ['sinks.<name>', sinkSchema],
    ['the top level', configSchema],
  ] as const)
    if (schema !== schemaAt(path) && key in schema.shape)
      return `does not belong here but to ${place}`;
  return 'is not a key; docs/configuration.md lists them';
}

function schemaAt(path: KeyPath): z.ZodObject {
  return path[0] === 'sources' ? sourceSchema : path[0] === 'sinks' ? sinkSchema : configSchema;
}

/** Takes back what is said about the inside of a section that is refused as a whole. */
function dropDetails(raw: RawConfig, refused: readonly KeyPath[]): void {
  raw.mistakes = raw.mistakes.filter(
    ({path}) =>
      path.at(-1) === 'connector' ||
      !refused.some(
        (section) => path.length > section.length && section.every((name, at) => name === path[at]),
      ),
  );
}

/** What no key can say by itself. Other keys may be wrong, so each is read alone. */
function checkTogether(raw: RawConfig): void {
  const top = valuesOf(configSchema, raw.root);
  if ((top['replication.factor'] ?? 1) > 1)
    raw.mistake(['replication.factor'], ': the embedded log has one copy; leave the key out');
  const {sources, sinks} = raw.root;
  if (isSection(sources) && Object.keys(sources).length === 0)
    raw.mistake(['sources'], 'is empty; leave it out for the embedded Postgres');
  const slots = new Map<string, string>();
  for (const [name, source] of sectionsOf(sources)) {
    const slot = valuesOf(sourceSchema, source)['slot.name'];
    if (slot === undefined) continue;
    const other = slots.get(slot);
    slots.set(slot, name);
    if (other !== undefined)
      raw.mistake(
        ['sources', name, 'slot.name'],
        `: source ${other} has the slot ${slot} already; each source needs one of its own`,
      );
  }
  for (const [name, section] of sectionsOf(sinks)) {
    const sink = valuesOf(sinkSchema, section);
    if (sink['delete.enabled'] === true && insertMode(top.semantics, sink) === 'append')
      raw.mistake(['sinks', name, 'delete.enabled'], 'needs `insert.mode: upsert`');
  }
}

function sectionsOf(value: RawValue | undefined): [string, RawSection][] {
  return isSection(value)
    ? Object.entries(value).flatMap(([name, section]) =>
        isSection(section) ? [[name, section]] : [],
      )
    : [];
}

/** The keys of a section that are right, whatever the others are. */
function valuesOf<S extends z.ZodObject>(schema: S, section: RawSection): Partial<z.output<S>> {
  const values: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(schema.shape)) {
    const {data} = (option as z.ZodType).safeParse(section[key]);
    if (data !== undefined) values[key] = data;
  }
  return values as Partial<z.output<S>>;
}

function insertMode(
  semantics: Config['semantics'] | undefined,
  sink: Partial<z.output<typeof sinkSchema>>,
): SinkConfig['insertMode'] {
  return sink['insert.mode'] ?? (semantics === 'ksqldb' ? 'append' : 'upsert');
}

function configFrom(
  file: CheckedFile,
  name: string | undefined,
  absolute: (path: string, key: KeyPath) => string,
): Config {
  const dataDirectory = absolute(file['data.dir'], ['data.dir']);
  const listen = /^\[?(.+?)\]?:(\d+)$/.exec(file['http.listen']);
  const defaultSinks = {local: sinkSchema.parse({connector: 'duckdb', topics: 'orders_enriched'})};
  return {
    file: name,
    applicationId: file['application.id'],
    dataDirectory,
    semantics: file.semantics,
    ordersDeletes: file['orders.deletes'],
    commitIntervalMs: file['commit.interval.ms'],
    numPartitions: file['num.partitions'],
    replicationFactor: file['replication.factor'],
    errorsTolerance: file['errors.tolerance'],
    deadLetterTopic: file['errors.deadletterqueue.topic.name'] ?? `dlq-${file['application.id']}`,
    sources:
      file.sources &&
      Object.entries(file.sources).map(([source, keys]) => sourceFrom(source, keys)),
    sinks: Object.entries(file.sinks ?? defaultSinks).map(([sink, keys]): SinkConfig => {
      const mode = insertMode(file.semantics, keys);
      return {
        name: sink,
        connector: keys.connector,
        topics: keys.topics,
        database:
          keys.database === undefined
            ? join(dataDirectory, 'warehouse.duckdb')
            : absolute(keys.database, ['sinks', sink, 'database']),
        insertMode: mode,
        deleteEnabled: keys['delete.enabled'] ?? mode === 'upsert',
        batchSize: keys['batch.size'],
        bufferBytes: keys['buffer.bytes'],
        lingerMs: keys['linger.ms'],
      };
    }),
    http: {host: listen?.[1] ?? '', port: Number(listen?.[2])},
    logLevel: file['log.level'] ?? (file.sources === undefined ? 'warn' : 'info'),
  };
}

function sourceFrom(name: string, keys: NonNullable<CheckedFile['sources']>[string]): SourceConfig {
  return {
    name,
    database: {
      hostname: keys['database.hostname'],
      port: keys['database.port'],
      dbname: keys['database.dbname'],
      user: keys['database.user'],
      password: keys['database.password'],
      sslmode: keys['database.sslmode'],
    },
    topicPrefix: keys['topic.prefix'],
    slotName: keys['slot.name'],
    publicationName: keys['publication.name'] ?? `millrace_${keys['slot.name']}`,
    tables: keys['table.include.list'],
    afterStateOnly: keys['after.state.only'],
    keyFormat: keys['output.key.format'],
    valueFormat: keys['output.data.format'],
  };
}
