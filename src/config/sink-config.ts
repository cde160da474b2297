import type {z} from 'zod';
import type {FilePaths} from './file-paths.ts';
import type {sinkSchema} from './sink-schema.ts';

/** One warehouse and the topics that go there. */
export type SinkConfig = DuckDbSinkConfig;

/** What every sink has, whatever its warehouse. */
interface CommonSinkConfig {
  readonly name: string;
  readonly topics: readonly string[];
  readonly insertMode: 'append' | 'upsert';
  readonly batchSize: number;
  readonly bufferBytes: number;
  readonly lingerMs: number;
}

export interface DuckDbSinkConfig extends CommonSinkConfig {
  readonly connector: 'duckdb';
  /** Path of the DuckDB file. */
  readonly database: string;
  /** The copy for other processes; undefined for none. */
  readonly exported: {readonly database: string; readonly intervalMs: number} | undefined;
}

type SinkKeys = z.output<typeof sinkSchema>;

/** What a sink's keys are read beside. */
interface Beside {
  readonly semantics: 'cdc' | 'ksqldb';
  readonly dataDirectory: string;
  readonly paths: FilePaths;
}

/** What the checked keys of a sink mean. */
export function sinkConfig(
  name: string,
  keys: SinkKeys,
  {semantics, dataDirectory, paths}: Beside,
): SinkConfig {
  const common = {
    name,
    topics: keys.topics,
    insertMode: keys['insert.mode'] ?? (semantics === 'ksqldb' ? 'append' : 'upsert'),
    batchSize: keys['batch.size'],
    bufferBytes: keys['buffer.bytes'],
    lingerMs: keys['linger.ms'],
  } as const;
  const copyOf = keys['export.database'];
  return {
    ...common,
    connector: 'duckdb',
    database: paths.warehouse(name, keys.database, dataDirectory),
    exported:
      copyOf === undefined
        ? undefined
        : {
            database: paths.absolute(copyOf, ['sinks', name, 'export.database']),
            intervalMs: keys['export.interval.ms'],
          },
  };
}
