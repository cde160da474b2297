import type {Config, SinkConfig, SourceConfig} from './config.ts';
import type {FilePaths} from './file-paths.ts';
import {sinkSchema} from './schema.ts';
import type {CheckedFile} from './schema.ts';

type SourceKeys = NonNullable<CheckedFile['sources']>[string];
type SinkKeys = NonNullable<CheckedFile['sinks']>[string];

/** What the checked keys mean: names as in the code, every default filled in, every path absolute. */
export function configFromFile(
  keys: CheckedFile,
  file: string | undefined,
  paths: FilePaths,
): Config {
  const dataDirectory = paths.absolute(keys['data.dir'], ['data.dir']);
  const sinks = keys.sinks ?? {
    local: sinkSchema.parse({connector: 'duckdb', topics: 'orders_enriched'}),
  };
  return {
    file,
    applicationId: keys['application.id'],
    dataDirectory,
    semantics: keys.semantics,
    ordersDeletes: keys['orders.deletes'],
    commitIntervalMs: keys['commit.interval.ms'],
    numPartitions: keys['num.partitions'],
    replicationFactor: keys['replication.factor'],
    errorsTolerance: keys['errors.tolerance'],
    deadLetterTopic: keys['errors.deadletterqueue.topic.name'] ?? `dlq-${keys['application.id']}`,
    sources: keys.sources && Object.entries(keys.sources).map(sourceFrom),
    sinks: Object.entries(sinks).map(([name, sink]) => ({
      ...sinkFrom(sink, keys.semantics),
      name,
      database: paths.warehouse(name, sink.database, dataDirectory),
    })),
    http: addressFrom(keys['http.listen']),
    logLevel: keys['log.level'] ?? (keys.sources === undefined ? 'warn' : 'info'),
  };
}

function sourceFrom([name, keys]: [string, SourceKeys]): SourceConfig {
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

function sinkFrom(
  keys: SinkKeys,
  semantics: Config['semantics'],
): Omit<SinkConfig, 'name' | 'database'> {
  return {
    connector: keys.connector,
    topics: keys.topics,
    insertMode: keys['insert.mode'] ?? (semantics === 'ksqldb' ? 'append' : 'upsert'),
    batchSize: keys['batch.size'],
    bufferBytes: keys['buffer.bytes'],
    lingerMs: keys['linger.ms'],
  };
}

/** `[::1]:8080` is host `::1` and port 8080; the schema has checked the form. */
function addressFrom(listen: string): Config['http'] {
  const colon = listen.lastIndexOf(':');
  return {
    host: listen.slice(0, colon).replaceAll(/[[\]]/g, ''),
    port: Number(listen.slice(colon + 1)),
  };
}
