import type {z} from 'zod';
import {databricksConfig} from './databricks-config.ts';
import type {DatabricksConfig} from './databricks-config.ts';
import type {FilePaths} from './file-paths.ts';
import type {sinkSchema} from './sink-schema.ts';
import {snowflakeConfig} from './snowflake-config.ts';
import type {SnowflakeConfig} from './snowflake-config.ts';

/** One warehouse and the topics that go there. */
export type SinkConfig = DuckDbSinkConfig | SnowflakeSinkConfig | DatabricksSinkConfig;

/** What every sink has, whatever its warehouse. */
interface CommonSinkConfig {
  readonly name: string;
  readonly topics: readonly string[];
  readonly insertMode: 'append' | 'upsert';
  readonly deleteEnabled: boolean;
  /** With `${topic}` in it. */
  readonly tableNameFormat: string;
  readonly autoCreate: boolean;
  readonly autoEvolve: 'evolve' | 'ignore' | 'fail';
  readonly batchSize: number;
  readonly bufferBytes: number;
  readonly lingerMs: number;
  readonly errorsTolerance: 'none' | 'all';
  /** Undefined: records that make no row are kept nowhere. */
  readonly deadLetterTopic: string | undefined;
  /** Undefined: no end. */
  readonly maxRetries: number | undefined;
  readonly retryBackoffMs: number;
}

export interface DuckDbSinkConfig extends CommonSinkConfig {
  readonly connector: 'duckdb';
  /** Path of the DuckDB file. */
  readonly database: string;
  /** Path of the copy for other processes; undefined for none. */
  readonly exportDatabase: string | undefined;
  readonly exportIntervalMs: number;
}

export interface SnowflakeSinkConfig extends CommonSinkConfig {
  readonly connector: 'snowflake';
  readonly snowflake: SnowflakeConfig;
}

export interface DatabricksSinkConfig extends CommonSinkConfig {
  readonly connector: 'databricks';
  readonly databricks: DatabricksConfig;
}

type SinkKeys = z.output<typeof sinkSchema>;

/** What a sink's keys are read beside. */
interface Beside {
  readonly errorsTolerance: 'none' | 'all';
  /** What the top level says; undefined where it says nothing. */
  readonly deadLetterTopic: string | undefined;
  readonly semantics: 'cdc' | 'ksqldb';
  readonly dataDirectory: string;
  readonly paths: FilePaths;
}

/** What the checked keys of a sink mean. */
export function sinkConfig(
  name: string,
  keys: SinkKeys,
  {semantics, dataDirectory, paths, ...beside}: Beside,
): SinkConfig {
  const errorsTolerance = keys['errors.tolerance'] ?? beside.errorsTolerance;
  const common = {
    name,
    topics: keys.topics,
    insertMode: keys['insert.mode'] ?? (semantics === 'ksqldb' ? 'append' : 'upsert'),
    deleteEnabled: keys['delete.enabled'],
    tableNameFormat: keys['table.name.format'],
    autoCreate: keys['auto.create'],
    autoEvolve: keys['auto.evolve'],
    batchSize: keys['batch.size'],
    bufferBytes: keys['buffer.bytes'],
    lingerMs: keys['linger.ms'],
    errorsTolerance,
    deadLetterTopic:
      keys['errors.deadletterqueue.topic.name'] ??
      beside.deadLetterTopic ??
      (errorsTolerance === 'all' ? `dlq-${name}` : undefined),
    maxRetries: keys['max.retries'],
    retryBackoffMs: keys['retry.backoff.ms'],
  } as const;
  switch (keys.connector) {
    case 'duckdb':
      return {
        ...common,
        connector: 'duckdb',
        database: paths.warehouse(name, keys.database, dataDirectory),
        exportDatabase:
          keys['export.database'] &&
          paths.absolute(keys['export.database'], ['sinks', name, 'export.database']),
        exportIntervalMs: keys['export.interval.ms'],
      };
    case 'snowflake':
      return {...common, connector: 'snowflake', snowflake: snowflakeConfig(name, keys, paths)};
    case 'databricks':
      break;
  }
  return {
    ...common,
    connector: 'databricks',
    databricks: databricksConfig(name, keys, {paths, dataDirectory}),
  };
}
