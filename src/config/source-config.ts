import type {z} from 'zod';
import type {sourceSchema} from './source-schema.ts';

/** One Postgres database to capture. */
export interface SourceConfig {
  readonly name: string;
  readonly database: DatabaseConfig;
  readonly topicPrefix: string;
  readonly slotName: string;
  readonly publicationName: string;
  /** `schema.table`, each once. */
  readonly tables: readonly string[];
  /** Absent: the defaults of its keys. */
  readonly snapshot?: SnapshotConfig;
  readonly afterStateOnly: boolean;
  readonly keyFormat: SourceFormat;
  readonly valueFormat: SourceFormat;
}

export interface SnapshotConfig {
  readonly mode: 'initial' | 'never' | 'initial_only' | 'when_needed' | 'always';
  readonly maxThreads: number;
  /** Rows. */
  readonly fetchSize: number;
  readonly lockTimeoutMs: number;
  /** Rows that an incremental snapshot reads at once. */
  readonly incrementalChunkSize: number;
}

type SourceFormat = 'JSON_SR' | 'JSON';

interface DatabaseConfig {
  readonly hostname: string;
  readonly port: number;
  readonly dbname: string;
  readonly user: string;
  readonly password: string;
  readonly sslmode: 'disable' | 'require' | 'verify-ca' | 'verify-full';
}

/** What the checked keys of a source mean. */
export function sourceConfig(name: string, keys: z.output<typeof sourceSchema>): SourceConfig {
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
    snapshot: snapshotConfig(keys),
    afterStateOnly: keys['after.state.only'],
    keyFormat: keys['output.key.format'],
    valueFormat: keys['output.data.format'],
  };
}

function snapshotConfig(keys: z.output<typeof sourceSchema>): SnapshotConfig {
  const mode = keys['snapshot.mode'];
  return {
    mode: mode === 'no_data' ? 'never' : mode,
    maxThreads: keys['snapshot.max.threads'],
    fetchSize: keys['snapshot.fetch.size'],
    lockTimeoutMs: keys['snapshot.lock.timeout.ms'],
    incrementalChunkSize: keys['incremental.snapshot.chunk.size'],
  };
}
