import type {z} from 'zod';
import {checkKafka} from './check-kafka.ts';
import type {FilePaths} from './file-paths.ts';
import {kafkaSchema} from './kafka-schema.ts';
import type {KeyPath} from './mistake.ts';
import {hostAndPort, isLoopback} from './host-and-port.ts';
import {isSection} from './raw-config.ts';
import type {RawConfig, RawSection, RawValue} from './raw-config.ts';
import {configSchema, schemaRegistrySchema} from './schema.ts';
import type {CheckedFile} from './schema.ts';
import {commonSinkSchema, sinkSchemas} from './sink-schema.ts';
import {checkDatabricks} from './check-databricks.ts';
import {checkSnowflake} from './check-snowflake.ts';
import {sourceSchema} from './source-schema.ts';

/** Reports what no key can say by itself. Other keys may be wrong, so each is read alone. */
export function checkTogether(raw: RawConfig, paths: FilePaths): void {
  const top = valuesOf(configSchema, raw.root);
  const {sources, sinks, kafka, 'schema.registry': registry} = raw.root;
  if ((top['replication.factor'] ?? 1) > 1 && kafka === undefined)
    raw.mistake(['replication.factor'], ': the embedded log has one copy; leave the key out');
  if (top['orders.deletes'] === 'propagate' && top.semantics === 'ksqldb')
    raw.mistake(['orders.deletes'], ': `propagate` needs `semantics: cdc`');
  checkHttp(raw, top);
  if (isSection(kafka)) checkKafka(raw, valuesOf(kafkaSchema, kafka));
  if (isSection(registry)) checkRegistry(raw, registry);
  if (isSection(sources) && Object.keys(sources).length === 0)
    raw.mistake(['sources'], 'is empty; leave it out for the embedded Postgres');
  checkNames(raw);
  checkSlots(raw, sectionsOf(sources));
  for (const [name, source] of sectionsOf(sources)) checkFilters(raw, name, source);
  const dataDirectory = paths.absolute(top['data.dir'] ?? '', ['data.dir']);
  checkSinks(raw, sectionsOf(sinks), dataDirectory, paths);
}

/** Whoever reaches an address of this machine could read rows: somebody has to have decided that. */
function checkHttp(raw: RawConfig, top: Partial<CheckedFile>): void {
  const {'http.auth': auth, 'http.auth.token': token, 'http.listen': listen = ''} = top;
  if (auth !== undefined && token !== undefined)
    raw.mistake(['http.auth'], ': there is a `http.auth.token` as well; leave one of them out');
  const isOpen = token === undefined && auth === undefined;
  if (!isOpen || isLoopback(hostAndPort(listen).host)) return;
  if (['http.listen', 'http.auth', 'http.auth.token'].some((key) => raw.isWrong([key]))) return;
  raw.mistake(
    ['http.listen'],
    ': other machines reach this address; set `http.auth.token`, or write `http.auth: none` where something else guards it',
  );
}

function checkRegistry(raw: RawConfig, section: RawSection): void {
  const keys = valuesOf(schemaRegistrySchema, section);
  if (keys.url?.every(isAddress) === false)
    raw.mistake(
      registryKey('url'),
      ': expected addresses as `https://host:8081`; in the user and the password, `%`, `@`, `/`, `:` and `,` are written `%25`, `%40`, `%2F`, `%3A` and `%2C`',
    );
  const source = keys['basic.auth.credentials.source'];
  if (source === 'USER_INFO' && section['basic.auth.user.info'] === undefined)
    raw.mistake(
      registryKey('basic.auth.credentials.source'),
      ': `USER_INFO` needs `basic.auth.user.info`',
    );
  if (source === 'URL' && section['basic.auth.user.info'] !== undefined)
    raw.mistake(
      registryKey('basic.auth.user.info'),
      'is not used with `basic.auth.credentials.source: URL`; leave one of them out',
    );
  const token = section['bearer.auth.token'];
  if (keys['bearer.auth.credentials.source'] !== undefined && token === undefined)
    raw.mistake(
      registryKey('bearer.auth.credentials.source'),
      ': `STATIC_TOKEN` needs `bearer.auth.token`',
    );
  const hasUser =
    section['basic.auth.user.info'] !== undefined ||
    keys.url?.some((address) => address.includes('@'));
  if (token !== undefined && hasUser === true)
    raw.mistake(
      registryKey('bearer.auth.token'),
      ': there is a user as well; leave one of them out',
    );
}

function registryKey(key: string): KeyPath {
  return ['schema.registry', key];
}

/** Whether it has the form that it must have, `%` included. */
function isAddress(address: string): boolean {
  try {
    const {username, password} = new URL(address);
    decodeURIComponent(`${username}${password}`);
    return true;
  } catch {
    return false;
  }
}

/** Names become parts of group ids, metric labels and variables. */
function checkNames(raw: RawConfig): void {
  for (const kind of ['sources', 'sinks'] as const)
    for (const [name] of sectionsOf(raw.root[kind]))
      if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name))
        raw.keyMistake(
          [kind, name],
          ': expected a name of letters, digits, `.`, `_` and `-`, at most 100',
        );
}

function checkSlots(raw: RawConfig, sources: readonly [string, RawSection][]): void {
  const owners = new Map<string, string>();
  for (const [name, source] of sources) {
    const slot = valuesOf(sourceSchema, source)['slot.name'];
    if (slot === undefined) continue;
    const owner = owners.get(slot);
    if (owner === undefined) owners.set(slot, name);
    else
      raw.mistake(
        ['sources', name, 'slot.name'],
        `: source ${owner} has this slot already; each source needs one of its own`,
      );
  }
}

function checkFilters(raw: RawConfig, name: string, source: RawSection): void {
  for (const kind of ['schema', 'table', 'column', 'message.prefix']) {
    const included = `${kind}.include.list`;
    const excluded = `${kind}.exclude.list`;
    if (source[included] !== undefined && source[excluded] !== undefined)
      raw.mistake(
        ['sources', name, excluded],
        `: there is a \`${included}\` as well; leave one of them out`,
      );
  }
}

function checkSinks(
  raw: RawConfig,
  sinks: readonly [string, RawSection][],
  dataDirectory: string,
  paths: FilePaths,
): void {
  const owners = new Map<string, string>();
  for (const [name, section] of sinks) {
    checkDeadLetters(raw, name, valuesOf(commonSinkSchema, section));
    if (section['connector'] === 'snowflake')
      checkSnowflake(raw, name, valuesOf(sinkSchemas.snowflake, section));
    if (section['connector'] === 'databricks')
      checkDatabricks(raw, name, valuesOf(sinkSchemas.databricks, section));
    if (section['connector'] !== 'duckdb') continue;
    const sink = valuesOf(sinkSchemas.duckdb, section);
    const copyOf = sink['export.database'];
    const files = {
      database: paths.warehouse(name, sink.database, dataDirectory),
      ...(copyOf && {
        'export.database': paths.absolute(copyOf, ['sinks', name, 'export.database']),
      }),
    };
    for (const [key, file] of Object.entries(files)) {
      const owner = owners.get(file);
      if (owner === undefined) owners.set(file, name);
      else
        raw.mistake(
          ['sinks', name, key],
          `: sink ${owner} writes to this file already; each needs one of its own`,
        );
    }
  }
}

/** What a sink writes for what it cannot read must not come back to it. */
function checkDeadLetters(
  raw: RawConfig,
  name: string,
  keys: Partial<z.output<typeof commonSinkSchema>>,
): void {
  const topic = keys['errors.deadletterqueue.topic.name'];
  if (topic !== undefined && keys.topics?.includes(topic) === true)
    raw.mistake(
      ['sinks', name, 'errors.deadletterqueue.topic.name'],
      ': the sink reads this topic; dead letters need another one',
    );
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
