import type {Config} from '../../src/config/config.ts';
import {aFile, anyText, choice, flags, names, patterns, range} from './key-case.ts';
import type {KeyCase} from './key-case.ts';

const sourceOf = ({sources}: Config) => sources?.[0];

const formats = {
  ...choice(['JSON_SR', 'JSON']),
  otherwise: 'JSON_SR',
  notYet: ['AVRO', 'PROTOBUF', 'STRING', 'KAFKA'],
} as const;

const counts = range(0, 1_000_000);

/** Of the keys below `sources.<name>`. */
export const sourceCases: Readonly<Record<string, KeyCase>> = {
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
  'heartbeat.interval.ms': {
    ...range(0, 86_400_000),
    read: (c) => sourceOf(c)?.heartbeat?.intervalMs,
    otherwise: 0,
  },
  'heartbeat.topics.prefix': {
    ...names,
    bad: ['a b', 'a/b', 'a'.repeat(101)],
    read: (c) => sourceOf(c)?.heartbeat?.topicsPrefix,
    otherwise: '__debezium-heartbeat',
  },
  'heartbeat.action.query': {
    ...anyText('a statement'),
    read: (c) => sourceOf(c)?.heartbeat?.actionQuery,
    otherwise: undefined,
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
  'replica.identity.autoset.values': {
    read: (c) => sourceOf(c)?.capture.replicaIdentityRules,
    good: [
      ['public.orders:FULL', [{tables: 'public.orders', identity: 'full'}]],
      [
        `'a.b{1\\,2}:default, x:y.*:Nothing, a.c:INDEX c_Key'`,
        [
          {tables: 'a.b{1,2}', identity: 'default'},
          {tables: 'x:y.*', identity: 'nothing'},
          {tables: 'a.c', identity: 'index', index: 'c_Key'},
        ],
      ],
    ],
    otherwise: [],
    bad: ['public.orders', 'a.b:INDEX', 'a.(b:FULL', ':FULL', 'a.b:SOME', '{a: b}'],
    expected: 'items as `schema.table:FULL`, separated by commas',
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
  'snapshot.include.collection.list': {
    ...patterns('the names of tables as `schema.table`'),
    read: (c) => sourceOf(c)?.snapshot?.includeCollectionList,
  },
  'snapshot.select.statement.overrides': {
    good: [
      ['{a.b: SELECT * FROM a.b WHERE c > 1}', {'a.b': 'SELECT * FROM a.b WHERE c > 1'}],
      [
        `'{"a.b": "select 1;", "a.c d": "WITH x AS (SELECT 1) SELECT * FROM x"}'`,
        {'a.b': 'select 1', 'a.c d': 'WITH x AS (SELECT 1) SELECT * FROM x'},
      ],
    ],
    read: (c) => sourceOf(c)?.snapshot?.selectOverrides,
    otherwise: undefined,
    bad: ['a.b', '{a.b: DELETE FROM a.b}', '{b: SELECT 1}', '[a.b]', '{a.b: SELECT 1; SELECT 2}'],
    expected: 'tables as `schema.table`, each with a `SELECT`',
  },
  'snapshot.delay.ms': {
    ...range(0, 2_147_483_647),
    read: (c) => sourceOf(c)?.snapshot?.delayMs,
    otherwise: 0,
  },
  'streaming.delay.ms': {
    ...range(0, 2_147_483_647),
    read: (c) => sourceOf(c)?.snapshot?.streamingDelayMs,
    otherwise: 0,
  },
  'snapshot.lock.timeout.ms': {
    ...range(1, 2_147_483_647),
    read: (c) => sourceOf(c)?.snapshot?.lockTimeoutMs,
    otherwise: 10_000,
  },
  'signal.data.collection': {
    good: [['ops.signals', 'ops.signals']],
    expected: '`schema.table`',
    bad: ['signals', '.signals'],
    read: (c) => sourceOf(c)?.capture.signalTable,
    otherwise: undefined,
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
  'message.key.columns': {
    read: (c) => sourceOf(c)?.events?.messageKeyColumns,
    good: [
      ['s.t:a,b', 's.t:a,b'],
      ['(.*).orders:id; s.t:a, b', '(.*).orders:id; s.t:a, b'],
    ],
    otherwise: '',
    bad: ['s.t', '"s.t:"', 's.t:a;', '(s:a', '[a, b]'],
    expected: '`schema.table:column,…`, separated by semicolons',
  },
  'message.prefix.include.list': {
    ...patterns('prefixes'),
    read: (c) => sourceOf(c)?.events?.messagePrefixInclude,
  },
  'message.prefix.exclude.list': {
    ...patterns('prefixes'),
    read: (c) => sourceOf(c)?.events?.messagePrefixExclude,
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
