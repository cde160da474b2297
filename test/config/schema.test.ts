import {integer as integers, assert, property} from 'fast-check';
import {afterAll, describe, expect, test} from 'vitest';
import type {Config} from '../../src/config/config.ts';
import {configSchema, schemaRegistrySchema, sinkSchema} from '../../src/config/schema.ts';
import {sourceSchema} from '../../src/config/source-schema.ts';
import {ConfigFolder, yamlWith} from './config-folder.ts';

const folder = new ConfigFolder();
afterAll(() => folder.remove());

interface KeyCase {
  readonly read: (config: Config) => unknown;
  /** Text in the file, and what it means. */
  readonly good: readonly (readonly [string, unknown])[];
  /** What it means when the key is left out; undefined for a required key. */
  readonly otherwise?: unknown;
  /** Texts that are refused with `: expected <expected>`. */
  readonly bad: readonly string[];
  readonly expected: string;
  /** Texts that are refused as not supported yet. */
  readonly notYet?: readonly string[];
}

const sourceOf = ({sources}: Config) => sources?.[0];
const sinkOf = ({sinks}: Config) => sinks[0];

const names = {
  good: [
    ['a', 'a'],
    ['My.app_1-x', 'My.app_1-x'],
    ['0123', '0123'],
  ],
  bad: ['a b', 'a/b', 'ä', 'a'.repeat(201)],
  expected: 'letters, digits, `.`, `_` and `-`',
} as const;

function choice(values: readonly string[]): Pick<KeyCase, 'good' | 'expected' | 'bad'> {
  const quoted = values.map((value) => `\`${value}\``).join(', ');
  return {
    good: values.map((value) => [value, value]),
    expected: values.length === 1 ? quoted : `one of ${quoted}`,
    bad: ['other', String(values[0]).toUpperCase() + '_', '1'],
  };
}

function range(min: number, max: number): Pick<KeyCase, 'good' | 'expected' | 'bad'> {
  return {
    good: [
      [String(min), min],
      [String(max), max],
    ],
    expected: `an integer from ${min} to ${max}`,
    bad: [String(min - 1), String(max + 1), '1.5', '1e3', '1_000', '0x10', 'ten', '+5', '"1 0"'],
  };
}

function anyText(expected: string): Pick<KeyCase, 'good' | 'expected' | 'bad'> {
  return {
    good: [
      ['some text', 'some text'],
      ['0123', '0123'],
      ['true', 'true'],
      ['"a: b # c"', 'a: b # c'],
      ["'null'", 'null'],
      ['"a\\tb"', 'a\tb'],
    ],
    expected,
    bad: ['[a, b]', '{a: b}'],
  };
}

function patterns(of: string): Pick<KeyCase, 'good' | 'otherwise' | 'expected' | 'bad'> {
  return {
    good: [
      ['public.orders', ['public.orders']],
      ['a.b , a.c,a.b', ['a.b', 'a.c']],
      ['[a.b, a.c]', ['a.b', 'a.c']],
      ['public\\..*, (shop|stock).t_[0-9]{1\\,3}', ['public\\..*', '(shop|stock).t_[0-9]{1,3}']],
      [`'my schema."Öl", my\\-schema.t'`, ['my schema."Öl"', 'my\\-schema.t']],
    ],
    otherwise: undefined,
    bad: ['a.(b', 'a.b,', '"*"', 'a.\\Qb\\E', '[a.b, ""]', '[a.b, {c: d}]', '[[a.b]]'],
    expected: `regular expressions for ${of}, separated by commas`,
  };
}

const flags = {
  good: [
    ['true', true],
    ['false', false],
  ],
  expected: '`true` or `false`',
  bad: ['yes', 'True', '0'],
} as const;

const aFile = {
  ...anyText('a path'),
  good: [['/etc/millrace/file.pem', '/etc/millrace/file.pem']],
  otherwise: undefined,
} as const;

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
      ['0.0.0.0:0', {host: '0.0.0.0', port: 0}],
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
  'log.level': {
    ...choice(['debug', 'info', 'warn', 'error', 'silent']),
    read: (c) => c.logLevel,
    otherwise: 'info',
    notYet: ['trace', 'fatal'],
  },
};

const formats = {
  ...choice(['JSON_SR', 'JSON']),
  otherwise: 'JSON_SR',
  notYet: ['AVRO', 'PROTOBUF', 'STRING', 'KAFKA'],
} as const;

const counts = range(0, 1_000_000);

const sourceCases: Readonly<Record<string, KeyCase>> = {
  'database.hostname': {
    ...anyText('a host name or an address'),
    read: (c) => sourceOf(c)?.database.hostname,
  },
  'database.port': {
    ...range(1, 65_535),
    read: (c) => sourceOf(c)?.database.port,
    otherwise: 5432,
  },
  'database.dbname': {
    ...anyText('the name of a database'),
    read: (c) => sourceOf(c)?.database.dbname,
  },
  'database.user': {...anyText('the name of a user'), read: (c) => sourceOf(c)?.database.user},
  'database.password': {...anyText('a password'), read: (c) => sourceOf(c)?.database.password},
  'database.sslmode': {
    ...choice(['disable', 'require', 'verify-ca', 'verify-full']),
    read: (c) => sourceOf(c)?.database.sslmode,
    otherwise: 'disable',
    notYet: ['allow', 'prefer'],
  },
  'database.sslrootcert': {...aFile, read: (c) => sourceOf(c)?.database.tls?.ca},
  'database.sslcert': {...aFile, read: (c) => sourceOf(c)?.database.tls?.certificate},
  'database.sslkey': {...aFile, read: (c) => sourceOf(c)?.database.tls?.key},
  'database.sslpassword': {
    ...anyText('a password'),
    read: (c) => sourceOf(c)?.database.tls?.keyPassword,
    otherwise: undefined,
  },
  'database.tcpKeepAlive': {
    ...flags,
    read: (c) => sourceOf(c)?.database.tcpKeepAlive,
    otherwise: true,
  },
  'connect.timeout.ms': {
    ...range(100, 600_000),
    read: (c) => sourceOf(c)?.database.connectTimeoutMs,
    otherwise: 10_000,
  },
  'topic.prefix': {...names, read: (c) => sourceOf(c)?.topicPrefix},
  'slot.name': {
    read: (c) => sourceOf(c)?.slotName,
    good: [
      ['camel_1', 'camel_1'],
      ['a'.repeat(63), 'a'.repeat(63)],
    ],
    bad: ['Camel', 'a-b', 'a b', 'a'.repeat(64)],
    expected: 'lower-case letters, digits and `_`, at most 63',
  },
  'slot.failover': {...flags, read: (c) => sourceOf(c)?.slot?.failover, otherwise: false},
  'slot.drop.on.stop': {...flags, read: (c) => sourceOf(c)?.slot?.dropOnStop, otherwise: false},
  'slot.max.retries': {...counts, read: (c) => sourceOf(c)?.slot?.maxRetries, otherwise: 6},
  'slot.retry.delay.ms': {
    ...range(1, 3_600_000),
    read: (c) => sourceOf(c)?.slot?.retryDelayMs,
    otherwise: 10_000,
  },
  'slot.monitor.interval.ms': {
    ...range(100, 3_600_000),
    read: (c) => sourceOf(c)?.slot?.monitorIntervalMs,
    otherwise: 30_000,
  },
  'slot.stall.timeout.ms': {
    ...range(1000, 86_400_000),
    read: (c) => sourceOf(c)?.slot?.stallMs,
    otherwise: 120_000,
  },
  'errors.max.retries': {
    ...range(-1, 1_000_000),
    read: (c) => sourceOf(c)?.errorsMaxRetries,
    otherwise: -1,
  },
  'publication.name': {
    read: (c) => sourceOf(c)?.publicationName,
    good: [
      ['Pub_1$', 'Pub_1$'],
      ['p'.repeat(63), 'p'.repeat(63)],
    ],
    otherwise: 'millrace_camel',
    bad: ['1pub', 'a-b', 'p'.repeat(64)],
    expected: 'an identifier of at most 63 characters',
  },
  'publication.autocreate.mode': {
    ...choice(['filtered', 'all_tables', 'disabled', 'no_tables']),
    read: (c) => sourceOf(c)?.capture.publicationMode,
    otherwise: 'filtered',
  },
  'publish.via.partition.root': {
    ...flags,
    read: (c) => sourceOf(c)?.capture.publishViaPartitionRoot,
    otherwise: false,
  },
  'schema.include.list': {
    ...patterns('the names of schemas'),
    read: (c) => sourceOf(c)?.capture.schemaIncludeList,
  },
  'schema.exclude.list': {
    ...patterns('the names of schemas'),
    read: (c) => sourceOf(c)?.capture.schemaExcludeList,
  },
  'table.include.list': {
    ...patterns('`schema.table`'),
    read: (c) => sourceOf(c)?.capture.tableIncludeList,
  },
  'table.exclude.list': {
    ...patterns('`schema.table`'),
    read: (c) => sourceOf(c)?.capture.tableExcludeList,
  },
  'column.include.list': {
    ...patterns('`schema.table.column`'),
    read: (c) => sourceOf(c)?.capture.columnIncludeList,
  },
  'column.exclude.list': {
    ...patterns('`schema.table.column`'),
    read: (c) => sourceOf(c)?.capture.columnExcludeList,
  },
  'decimal.handling.mode': {
    ...choice(['precise', 'string', 'double']),
    read: (c) => sourceOf(c)?.types?.decimal,
    otherwise: 'precise',
  },
  'time.precision.mode': {
    ...choice([
      'adaptive',
      'adaptive_time_microseconds',
      'connect',
      'isostring',
      'microseconds',
      'nanoseconds',
    ]),
    read: (c) => sourceOf(c)?.types?.time,
    otherwise: 'adaptive',
  },
  'interval.handling.mode': {
    ...choice(['numeric', 'string']),
    read: (c) => sourceOf(c)?.types?.interval,
    otherwise: 'numeric',
  },
  'binary.handling.mode': {
    ...choice(['bytes', 'base64', 'base64-url-safe', 'hex']),
    read: (c) => sourceOf(c)?.types?.binary,
    otherwise: 'bytes',
  },
  'hstore.handling.mode': {
    ...choice(['json', 'map']),
    read: (c) => sourceOf(c)?.types?.hstore,
    otherwise: 'json',
  },
  'money.fraction.digits': {
    ...range(0, 38),
    read: (c) => sourceOf(c)?.types?.moneyFractionDigits,
    otherwise: 2,
  },
  'include.unknown.datatypes': {
    ...flags,
    read: (c) => sourceOf(c)?.types?.includeUnknown,
    otherwise: false,
  },
  'unavailable.value.placeholder': {
    ...anyText('text'),
    read: (c) => sourceOf(c)?.types?.unavailableValue,
    otherwise: '__debezium_unavailable_value',
  },
  'snapshot.mode': {
    ...choice(['initial', 'initial_only', 'no_data', 'never', 'when_needed', 'always']),
    good: [
      ...['initial', 'initial_only', 'never', 'when_needed', 'always'].map(
        (mode) => [mode, mode] as const,
      ),
      ['no_data', 'never'],
    ],
    read: (c) => sourceOf(c)?.snapshot?.mode,
    otherwise: 'initial',
    notYet: ['configuration_based', 'recovery', 'custom'],
  },
  'snapshot.max.threads': {
    ...range(1, 64),
    read: (c) => sourceOf(c)?.snapshot?.maxThreads,
    otherwise: 1,
  },
  'snapshot.fetch.size': {
    ...range(1, 100_000),
    read: (c) => sourceOf(c)?.snapshot?.fetchSize,
    otherwise: 2000,
  },
  'snapshot.lock.timeout.ms': {
    ...range(1, 2_147_483_647),
    read: (c) => sourceOf(c)?.snapshot?.lockTimeoutMs,
    otherwise: 10_000,
  },
  'incremental.snapshot.chunk.size': {
    ...range(1, 1_000_000),
    read: (c) => sourceOf(c)?.snapshot?.incrementalChunkSize,
    otherwise: 1024,
  },
  debezium: {
    ...choice(['3', '1']),
    read: (c) => sourceOf(c)?.events?.profile,
    otherwise: '3',
    bad: ['2', '3.6', 'v1'],
  },
  'skipped.operations': {
    read: (c) => sourceOf(c)?.events?.skippedOperations,
    good: [
      ['t', ['t']],
      ['none', []],
      ['c, d', ['c', 'd']],
      ['[u, t]', ['u', 't']],
    ],
    otherwise: ['t'],
    bad: ['r', 'c d', 'truncate', '{t: u}'],
    expected: '`c`, `u`, `d`, `t` or `none`, separated by commas',
  },
  'tombstones.on.delete': {
    ...flags,
    read: (c) => sourceOf(c)?.events?.tombstonesOnDelete,
    otherwise: true,
  },
  'delete.tombstone.handling.mode': {
    ...choice(['drop', 'tombstone', 'rewrite', 'rewrite-with-tombstone', 'delete-to-tombstone']),
    read: (c) => sourceOf(c)?.events?.deleteTombstoneHandlingMode,
    otherwise: 'rewrite-with-tombstone',
  },
  'provide.transaction.metadata': {
    ...flags,
    read: (c) => sourceOf(c)?.events?.provideTransactionMetadata,
    otherwise: false,
  },
  'topic.transaction': {
    ...names,
    read: (c) => sourceOf(c)?.events?.topicTransaction,
    otherwise: 'transaction',
  },
  'after.state.only': {
    ...flags,
    read: (c) => sourceOf(c)?.afterStateOnly,
    otherwise: false,
  },
  'output.key.format': {...formats, read: (c) => sourceOf(c)?.keyFormat},
  'output.data.format': {...formats, read: (c) => sourceOf(c)?.valueFormat},
};

const sinkCases: Readonly<Record<string, KeyCase>> = {
  connector: {
    ...choice(['duckdb']),
    read: (c) => sinkOf(c)?.connector,
    notYet: ['snowflake', 'databricks', 'delta', 'bigquery', 'redshift', 'postgres', 'jdbc'],
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
    read: (c) => sinkOf(c)?.database,
    otherwise: `${folder.path}/data/warehouse.duckdb`,
  },
  'insert.mode': {
    ...choice(['append', 'upsert']),
    read: (c) => sinkOf(c)?.insertMode,
    otherwise: 'upsert',
    notYet: ['insert', 'update'],
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
    expect(Object.keys(sinkSchema.shape).toSorted()).toEqual(Object.keys(sinkCases).toSorted());
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
      ...sinkSchema.shape,
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
