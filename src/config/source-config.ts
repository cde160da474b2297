import type {z} from 'zod';
import type {ReplicaIdentityRule} from './replica-identity-rule.ts';
import type {FilePaths} from './file-paths.ts';
import type {sourceSchema} from './source-schema.ts';
import {typeHandlingConfig} from './type-handling-keys.ts';
import type {TypeHandlingConfig} from './type-handling-keys.ts';

/** One Postgres database to capture. */
export interface SourceConfig {
  readonly name: string;
  readonly database: DatabaseConfig;
  readonly topicPrefix: string;
  readonly slotName: string;
  /** Absent: the defaults of its keys. */
  readonly slot?: SlotConfig;
  /** -1: without end. */
  readonly errorsMaxRetries?: number;
  /** Absent: none. */
  readonly heartbeat?: HeartbeatConfig;
  readonly publicationName: string;
  readonly capture: CaptureConfig;
  /** Absent: the defaults of its keys. */
  readonly snapshot?: SnapshotConfig;
  /** Absent: the defaults of its keys. */
  readonly types?: TypeHandlingConfig;
  readonly afterStateOnly: boolean;
  /** Absent: the defaults of its keys. */
  readonly events?: EventsConfig;
  readonly keyFormat: SourceFormat;
  readonly valueFormat: SourceFormat;
}

interface HeartbeatConfig {
  /** 0: none. */
  readonly intervalMs: number;
  readonly topicsPrefix: string;
  readonly actionQuery?: string | undefined;
}

interface SlotConfig {
  readonly failover: boolean;
  readonly dropOnStop: boolean;
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  readonly monitorIntervalMs: number;
  readonly stallMs: number;
}

export interface SnapshotConfig {
  readonly mode: 'initial' | 'never' | 'initial_only' | 'when_needed' | 'always';
  readonly maxThreads: number;
  /** Rows. */
  readonly fetchSize: number;
  readonly lockTimeoutMs: number;
  /** Regular expressions for `schema.table`; undefined: all that are captured. */
  readonly includeCollectionList: readonly string[] | undefined;
  /** `SELECT …` by `schema.table`. */
  readonly selectOverrides: Readonly<Record<string, string>> | undefined;
  readonly delayMs: number;
  readonly streamingDelayMs: number;
  /** Rows that an incremental snapshot reads at once. */
  readonly incrementalChunkSize: number;
}

/** What the change events are like. */
interface EventsConfig {
  readonly profile: '3' | '1';
  readonly skippedOperations: readonly ('c' | 'u' | 'd' | 't')[];
  readonly tombstonesOnDelete: boolean;
  readonly deleteTombstoneHandlingMode:
    'drop' | 'tombstone' | 'rewrite' | 'rewrite-with-tombstone' | 'delete-to-tombstone';
  readonly provideTransactionMetadata: boolean;
  readonly topicTransaction: string;
  readonly messagePrefixInclude: readonly string[] | undefined;
  readonly messagePrefixExclude: readonly string[] | undefined;
  /** Empty: each table's own key. */
  readonly messageKeyColumns: string;
}

type SourceFormat = 'JSON_SR' | 'JSON';

/**
 * Which tables and columns, and how they are published. The lists are regular expressions for whole names; one that is
 * left out does not restrict.
 */
export interface CaptureConfig {
  readonly schemaIncludeList?: readonly string[] | undefined;
  readonly schemaExcludeList?: readonly string[] | undefined;
  readonly tableIncludeList?: readonly string[] | undefined;
  readonly tableExcludeList?: readonly string[] | undefined;
  readonly columnIncludeList?: readonly string[] | undefined;
  readonly columnExcludeList?: readonly string[] | undefined;
  /** `schema.table`: streamed for its signals only. */
  readonly signalTable?: string | undefined;
  readonly publicationMode?: 'all_tables' | 'filtered' | 'disabled' | 'no_tables';
  readonly publishViaPartitionRoot?: boolean;
  readonly replicaIdentityRules?: readonly ReplicaIdentityRule[];
}

interface DatabaseConfig {
  readonly hostname: string;
  readonly port: number;
  readonly dbname: string;
  readonly user: string;
  readonly password: string;
  readonly sslmode: 'disable' | 'require' | 'verify-ca' | 'verify-full';
  /** Absolute paths; absent without any. */
  readonly tls?: SourceTlsFiles;
  readonly tcpKeepAlive?: boolean;
  readonly connectTimeoutMs?: number;
}

interface SourceTlsFiles {
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly keyPassword?: string | undefined;
}

/** What the checked keys of a source mean. */
export function sourceConfig(
  name: string,
  keys: z.output<typeof sourceSchema>,
  paths: FilePaths,
): SourceConfig {
  return {
    name,
    database: databaseConfig(name, keys, paths),
    topicPrefix: keys['topic.prefix'],
    slotName: keys['slot.name'],
    slot: {
      failover: keys['slot.failover'],
      dropOnStop: keys['slot.drop.on.stop'],
      maxRetries: keys['slot.max.retries'],
      retryDelayMs: keys['slot.retry.delay.ms'],
      monitorIntervalMs: keys['slot.monitor.interval.ms'],
      stallMs: keys['slot.stall.timeout.ms'],
    },
    errorsMaxRetries: keys['errors.max.retries'],
    heartbeat: {
      intervalMs: keys['heartbeat.interval.ms'],
      topicsPrefix: keys['heartbeat.topics.prefix'],
      actionQuery: keys['heartbeat.action.query'],
    },
    publicationName: keys['publication.name'] ?? `millrace_${keys['slot.name']}`,
    capture: {
      schemaIncludeList: keys['schema.include.list'],
      schemaExcludeList: keys['schema.exclude.list'],
      tableIncludeList: keys['table.include.list'],
      tableExcludeList: keys['table.exclude.list'],
      columnIncludeList: keys['column.include.list'],
      columnExcludeList: keys['column.exclude.list'],
      signalTable: keys['signal.data.collection'],
      publicationMode: keys['publication.autocreate.mode'],
      publishViaPartitionRoot: keys['publish.via.partition.root'],
      replicaIdentityRules: keys['replica.identity.autoset.values'] ?? [],
    },
    snapshot: snapshotConfig(keys),
    types: typeHandlingConfig(keys),
    afterStateOnly: keys['after.state.only'],
    events: {
      profile: keys.debezium,
      skippedOperations: keys['skipped.operations'].filter(isOperation),
      tombstonesOnDelete: keys['tombstones.on.delete'],
      deleteTombstoneHandlingMode: keys['delete.tombstone.handling.mode'],
      provideTransactionMetadata: keys['provide.transaction.metadata'],
      topicTransaction: keys['topic.transaction'],
      messagePrefixInclude: keys['message.prefix.include.list'],
      messagePrefixExclude: keys['message.prefix.exclude.list'],
      messageKeyColumns: keys['message.key.columns'] ?? '',
    },
    keyFormat: keys['output.key.format'],
    valueFormat: keys['output.data.format'],
  };
}

function databaseConfig(
  name: string,
  keys: z.output<typeof sourceSchema>,
  paths: FilePaths,
): DatabaseConfig {
  const file = (key: 'database.sslrootcert' | 'database.sslcert' | 'database.sslkey') => {
    const path = keys[key];
    return path === undefined ? undefined : paths.absolute(path, ['sources', name, key]);
  };
  return {
    hostname: keys['database.hostname'],
    port: keys['database.port'],
    dbname: keys['database.dbname'],
    user: keys['database.user'],
    password: keys['database.password'],
    sslmode: keys['database.sslmode'],
    tls: {
      ca: file('database.sslrootcert'),
      certificate: file('database.sslcert'),
      key: file('database.sslkey'),
      keyPassword: keys['database.sslpassword'],
    },
    tcpKeepAlive: keys['database.tcpKeepAlive'],
    connectTimeoutMs: keys['connect.timeout.ms'],
  };
}

function snapshotConfig(keys: z.output<typeof sourceSchema>): SnapshotConfig {
  const mode = keys['snapshot.mode'];
  return {
    mode: mode === 'no_data' ? 'never' : mode,
    maxThreads: keys['snapshot.max.threads'],
    fetchSize: keys['snapshot.fetch.size'],
    lockTimeoutMs: keys['snapshot.lock.timeout.ms'],
    includeCollectionList: keys['snapshot.include.collection.list'],
    selectOverrides: keys['snapshot.select.statement.overrides'],
    delayMs: keys['snapshot.delay.ms'],
    streamingDelayMs: keys['streaming.delay.ms'],
    incrementalChunkSize: keys['incremental.snapshot.chunk.size'],
  };
}

/** `none` is no operation. */
function isOperation(name: string): name is 'c' | 'u' | 'd' | 't' {
  return name !== 'none';
}
