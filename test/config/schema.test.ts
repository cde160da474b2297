import {integer as integers, assert, property} from 'fast-check';
import {afterAll, describe, expect, test} from 'vitest';
import type {Config} from '../../src/config/config.ts';
import {configSchema, schemaRegistrySchema} from '../../src/config/schema.ts';
import type {DuckDbSinkConfig} from '../../src/config/sink-config.ts';
import {sinkSchemas} from '../../src/config/sink-schema.ts';
import {sourceSchema} from '../../src/config/source-schema.ts';
import {ConfigFolder, yamlWith} from './config-folder.ts';
import {editorMistakes} from './editor-mistakes.ts';
import {anyText, choice, flags, names, range} from './key-case.ts';
import type {KeyCase} from './key-case.ts';
import {sourceCases} from './source-key-cases.ts';

const folder = new ConfigFolder();
afterAll(() => folder.remove());

const sinkOf = ({sinks}: Config) => sinks[0];

const topCases: Readonly<Record<string, KeyCase>> = {
  'application.id': {...names, read: (c) => c.applicationId, otherwise: 'millrace'},
  'data.dir': {
    ...anyText('a path'),
    good: [['/var/lib/millrace', '/var/lib/millrace']],
    read: (c) => c.dataDirectory,
    otherwise: `${folder.path}/data`,
  },
  semantics: {...choice(['cdc', 'ksqldb']), read: (c) => c.semantics, otherwise: 'cdc'},
  'orders.deletes': {
    ...choice(['ignore', 'propagate']),
    read: (c) => c.ordersDeletes,
    otherwise: 'ignore',
  },
  'processing.guarantee': {
    ...choice(['exactly_once_v2']),
    read: () => 'exactly_once_v2',
    otherwise: 'exactly_once_v2',
    notYet: ['at_least_once', 'exactly_once', 'exactly_once_beta'],
  },
  'commit.interval.ms': {
    ...range(1, 60_000),
    read: (c) => c.commitIntervalMs,
    otherwise: 100,
  },
  'num.partitions': {...range(1, 1024), read: (c) => c.numPartitions, otherwise: 1},
  'num.standby.replicas': {...range(0, 32), read: (c) => c.numStandbyReplicas, otherwise: 0},
  'replication.factor': {
    ...range(1, 32),
    // More than one is another mistake: the embedded log has one copy.
    good: [['1', 1]],
    read: (c) => c.replicationFactor,
    otherwise: 1,
  },
  'lineage.enabled': {...flags, read: (c) => c.keepsLineage, otherwise: true},
  'errors.tolerance': {
    ...choice(['none', 'all']),
    read: (c) => c.errorsTolerance,
    otherwise: 'none',
  },
  'errors.deadletterqueue.topic.name': {
    ...names,
    read: (c) => c.deadLetterTopic,
    otherwise: 'dlq-millrace',
  },
  'http.listen': {
    read: (c) => c.http,
    good: [
      ['127.0.0.2:0', {host: '127.0.0.2', port: 0}],
      ['localhost:65535', {host: 'localhost', port: 65_535}],
      ['"[::1]:8080"', {host: '::1', port: 8080}],
    ],
    otherwise: {host: '127.0.0.1', port: 8080},
    bad: [
      '8080',
      'localhost',
      '"localhost:"',
      '":8080"',
      'localhost:65536',
      'localhost:-1',
      '::1:8080',
      'http://localhost:80',
      'a b:80',
    ],
    expected: '`host:port`, as `127.0.0.1:8080`',
  },
  'http.auth': {
    ...choice(['none']),
    read: (c) => c.http.token,
    good: [['none', undefined]],
    otherwise: undefined,
  },
  'http.auth.token': {
    read: (c) => c.http.token,
    good: [
      ['eyJhbGciOi.J9-_~+/==', 'eyJhbGciOi.J9-_~+/=='],
      ['01234567', '01234567'],
    ],
    otherwise: undefined,
    bad: ['short', 'a b c d e', '"a\\r\\nbcdefgh"', 'ääääääää', '[a, b]'],
    expected: 'a token of 8 characters or more, as `openssl rand -hex 32` makes it',
  },
  'application.server': {
    read: (c) => c.applicationServer,
    good: [
      ['10.0.0.7:8080', '10.0.0.7:8080'],
      ['millrace-0.millrace:8080', 'millrace-0.millrace:8080'],
    ],
    otherwise: undefined,
    bad: ['8080', 'millrace-0', 'http://millrace-0:8080', 'a b:80'],
    expected: '`host:port`, as `10.0.0.7:8080`',
  },
  'log.level': {
    ...choice(['debug', 'info', 'warn', 'error', 'silent']),
    read: (c) => c.logLevel,
    otherwise: 'info',
    notYet: ['trace', 'fatal'],
  },
};

const sinkCases: Readonly<Record<string, KeyCase>> = {
  connector: {
    ...choice(['duckdb', 'snowflake', 'databricks']),
    // The others have keys of their own.
    good: [['duckdb', 'duckdb']],
    read: (c) => sinkOf(c)?.connector,
    notYet: ['delta', 'bigquery', 'redshift', 'postgres', 'jdbc'],
  },
  topics: {
    read: (c) => sinkOf(c)?.topics,
    good: [
      ['orders_enriched, customers', ['orders_enriched', 'customers']],
      ['[a, b]', ['a', 'b']],
    ],
    bad: ['a b', 'a,', '{a: b}'],
    expected: 'names of topics, separated by commas',
  },
  database: {
    ...anyText('a path'),
    good: [['/warehouse/w.duckdb', '/warehouse/w.duckdb']],
    read: (c) => (sinkOf(c) as DuckDbSinkConfig | undefined)?.database,
    otherwise: `${folder.path}/data/warehouse.duckdb`,
  },
  'export.database': {
    ...anyText('a path'),
    good: [['/readers/copy.duckdb', '/readers/copy.duckdb']],
    read: (c) => (sinkOf(c) as DuckDbSinkConfig | undefined)?.exportDatabase,
    otherwise: undefined,
  },
  'export.interval.ms': {
    ...range(100, 86_400_000),
    read: (c) => (sinkOf(c) as DuckDbSinkConfig | undefined)?.exportIntervalMs,
    otherwise: 10_000,
  },
  'insert.mode': {
    ...choice(['append', 'upsert']),
    read: (c) => sinkOf(c)?.insertMode,
    otherwise: 'upsert',
    notYet: ['insert', 'update'],
  },
  'delete.enabled': {...flags, read: (c) => sinkOf(c)?.deleteEnabled, otherwise: true},
  'table.name.format': {
    read: (c) => sinkOf(c)?.tableNameFormat,
    good: [
      ['raw_${topic}', 'raw_${topic}'],
      ['orders', 'orders'],
    ],
    otherwise: '${topic}',
    bad: ['a.b', 'a b', '$topic', '$${other}'],
    expected: 'letters, digits, `_` and `${topic}`',
  },
  'auto.create': {...flags, read: (c) => sinkOf(c)?.autoCreate, otherwise: true},
  'auto.evolve': {
    ...choice(['evolve', 'ignore', 'fail']),
    read: (c) => sinkOf(c)?.autoEvolve,
    otherwise: 'evolve',
  },
  'errors.tolerance': {
    ...choice(['none', 'all']),
    read: (c) => sinkOf(c)?.errorsTolerance,
    otherwise: 'none',
  },
  'errors.deadletterqueue.topic.name': {
    ...names,
    read: (c) => sinkOf(c)?.deadLetterTopic,
    otherwise: undefined,
  },
  'max.retries': {
    ...range(0, 1_000_000),
    read: (c) => sinkOf(c)?.maxRetries,
    otherwise: undefined,
  },
  'retry.backoff.ms': {
    ...range(1, 30_000),
    read: (c) => sinkOf(c)?.retryBackoffMs,
    otherwise: 500,
  },
  'batch.size': {...range(1, 1_000_000), read: (c) => sinkOf(c)?.batchSize, otherwise: 50_000},
  'buffer.bytes': {
    ...range(1024, 1_073_741_824),
    read: (c) => sinkOf(c)?.bufferBytes,
    otherwise: 16_777_216,
  },
  'linger.ms': {...range(0, 60_000), read: (c) => sinkOf(c)?.lingerMs, otherwise: 0},
};

const registryOf = ({schemaRegistry}: Config) => schemaRegistry;
const authOf = (config: Config) => registryOf(config)?.servers[0]?.auth;

const registryCases: Readonly<Record<string, KeyCase>> = {
  url: {
    read: (c) => registryOf(c)?.servers.map(({url}) => url),
    good: [
      ['http://registry', ['http://registry']],
      [
        'http://a:8081/, https://b/apis/ccompat/v7/',
        ['http://a:8081', 'https://b/apis/ccompat/v7'],
      ],
      ['[https://a, "http://[::1]:8081"]', ['https://a', 'http://[::1]:8081']],
    ],
    bad: ['registry:8081', 'ftp://registry', 'http://', 'http://a b', 'http://a?b', '{a: b}'],
    expected: 'addresses as `https://host:8081`, separated by commas',
  },
  'basic.auth.credentials.source': {
    ...choice(['USER_INFO', 'URL']),
    good: [['URL', undefined]],
    read: authOf,
    otherwise: undefined,
    notYet: ['SASL_INHERIT'],
  },
  'basic.auth.user.info': {
    read: authOf,
    good: [
      ['user:password', {username: 'user', password: 'password'}],
      ['"user:p:ss w@rd%"', {username: 'user', password: 'p:ss w@rd%'}],
      ['"user:"', {username: 'user', password: ''}],
    ],
    otherwise: undefined,
    bad: ['user', '":password"', '[a, b]'],
    expected: '`user:password`',
  },
  'bearer.auth.credentials.source': {
    ...choice(['STATIC_TOKEN']),
    good: [],
    read: (c) => registryOf(c)?.bearerToken,
    otherwise: undefined,
    notYet: ['OAUTHBEARER', 'SASL_OAUTHBEARER_INHERIT', 'CUSTOM'],
  },
  'bearer.auth.token': {
    read: (c) => registryOf(c)?.bearerToken,
    good: [['eyJhbGciOi.J9-_=', 'eyJhbGciOi.J9-_=']],
    otherwise: undefined,
    bad: ['a b', '"a\\r\\nb"', 'ä'],
    expected: 'a token',
  },
  'ssl.ca.location': {
    ...anyText('a path'),
    good: [
      ['/etc/ca.pem', '/etc/ca.pem'],
      ['ca.pem', `${folder.path}/ca.pem`],
    ],
    read: (c) => registryOf(c)?.caLocation,
    otherwise: undefined,
  },
  'request.timeout.ms': {
    ...range(1, 600_000),
    read: (c) => registryOf(c)?.requestTimeoutMs,
    otherwise: 10_000,
  },
};

const places = [
  {part: 'top', prefix: '', line: 1, cases: topCases},
  {part: 'source', prefix: 'sources.a.', line: 3, cases: sourceCases},
  {part: 'sink', prefix: 'sinks.b.', line: 11, cases: sinkCases},
  {part: 'registry', prefix: 'schema.registry.', line: 14, cases: registryCases},
] as const;

const allCases = places.flatMap(({part, prefix, line, cases}) =>
  Object.entries(cases).map(([key, keyCase]) => ({
    part,
    path: `${prefix}${key}`,
    key,
    line,
    ...keyCase,
  })),
);

/** Where the value of a key starts, from 1. */
function column(part: 'top' | 'source' | 'sink' | 'registry', key: string): number {
  return (part === 'top' ? 0 : part === 'registry' ? 2 : 4) + `${key}: `.length + 1;
}

describe('configSchema', () => {
  test('has no key that is not tried below', () => {
    expect(Object.keys(configSchema.shape).toSorted()).toEqual(
      [...Object.keys(topCases), 'kafka', 'schema.registry', 'sources', 'sinks'].toSorted(),
    );
    expect(Object.keys(sourceSchema.shape).toSorted()).toEqual(Object.keys(sourceCases).toSorted());
    expect(Object.keys(sinkSchemas.duckdb.shape).toSorted()).toEqual(
      Object.keys(sinkCases).toSorted(),
    );
    expect(Object.keys(schemaRegistrySchema.shape).toSorted()).toEqual(
      Object.keys(registryCases).toSorted(),
    );
  });

  test.each(allCases.filter((each) => 'otherwise' in each))(
    'gives $path its default',
    ({read, otherwise}) => {
      expect(read(folder.load(yamlWith({registry: []})))).toEqual(otherwise);
    },
  );

  test.each(allCases.filter((each) => !('otherwise' in each)))('requires $path', ({path, key}) => {
    const lines = yamlWith({registry: ['request.timeout.ms: 1']}).split('\n');
    const without = lines.filter((line) => !line.trim().startsWith(`${key}:`)).join('\n');

    expect(folder.mistakes(without)).toEqual([
      expect.stringMatching(new RegExp(`^\\d+:[13]: ${path} is required$`)),
    ]);
  });

  test.each(allCases.flatMap((each) => each.good.map(([text, value]) => ({...each, text, value}))))(
    'takes $path: $text',
    ({part, key, text, read, value}) => {
      expect(read(folder.load(yamlWith({[part]: [`${key}: ${text}`]})))).toEqual(value);
    },
  );

  test.each(allCases.flatMap((each) => each.bad.map((text) => ({...each, text}))))(
    'refuses $path: $text',
    ({part, key, path, line, text, expected}) => {
      expect(folder.mistakes(yamlWith({[part]: [`${key}: ${text}`]}))).toEqual([
        `${line}:${column(part, key)}: ${path}: expected ${expected}`,
      ]);
    },
  );

  test.each(allCases.flatMap((each) => each.good.map(([text]) => ({...each, text}))))(
    'lets editors take $path: $text',
    ({part, key, text}) => {
      expect(editorMistakes(yamlWith({[part]: [`${key}: ${text}`]}))).toEqual([]);
    },
  );

  // What an editor takes for a number, a boolean or a variable; and it reads no regular expressions and no SQL.
  const unseen = new Set(['1e3', '0x10', '+5', 'True', '$${other}']);
  const unread = /^(regular expressions|items as|tables as|`schema\.table:column)/;
  test.each(
    allCases
      .filter(({expected}) => !unread.test(expected))
      .flatMap((each) =>
        each.bad.filter((text) => !unseen.has(text)).map((text) => ({...each, text})),
      ),
  )('lets editors refuse $path: $text', ({part, key, text}) => {
    expect(editorMistakes(yamlWith({[part]: [`${key}: ${text}`]}))).not.toEqual([]);
  });

  test.each(allCases.flatMap((each) => ['', '""', '~', 'null'].map((text) => ({...each, text}))))(
    'refuses $path: $text as empty',
    ({part, key, path, text, expected}) => {
      expect(folder.mistakes(yamlWith({[part]: [`${key}: ${text}`]}))).toEqual([
        expect.stringContaining(`: ${path} is empty; expected ${expected}`),
      ]);
    },
  );

  test.each(allCases.flatMap((each) => (each.notYet ?? []).map((text) => ({...each, text}))))(
    'says of $path that $text is not supported yet',
    ({part, key, path, text, expected}) => {
      expect(folder.mistakes(yamlWith({[part]: [`${key}: ${text}`]}))).toEqual([
        expect.stringContaining(
          `: ${path}: \`${text}\` is not supported yet; expected ${expected}`,
        ),
      ]);
    },
  );

  test.each(
    Object.entries({...registryCases, ...sourceCases, ...sinkCases, ...topCases}).filter(
      ([, {expected}]) => expected.startsWith('an integer'),
    ),
  )('takes all integers in the range of %s and no others', (key, {expected}) => {
    const [min = 0, max = 0] = (expected.match(/-?\d+/g) ?? []).map(Number);
    const schema = {
      ...schemaRegistrySchema.shape,
      ...sourceSchema.shape,
      ...sinkSchemas.duckdb.shape,
      ...configSchema.shape,
    }[key as 'batch.size'];

    assert(
      property(integers({min: -2 * max, max: 2 * max}), (value) => {
        const inRange = value >= min && value <= max;
        expect(schema.safeParse(String(value)).data).toBe(inRange ? value : undefined);
      }),
    );
  });
});
