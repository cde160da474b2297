import type {Config, SchemaRegistryConfig} from './config.ts';
import {hostAndPort} from './host-and-port.ts';
import type {FilePaths} from './file-paths.ts';
import {kafkaConfig} from './kafka-config.ts';
import type {CheckedFile} from './schema.ts';
import {secretValues} from './secret-values.ts';
import {sinkConfig} from './sink-config.ts';
import {sinkSchema} from './sink-schema.ts';
import {sourceConfig} from './source-config.ts';

type RegistryKeys = NonNullable<CheckedFile['schema.registry']>;

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
    numStandbyReplicas: keys['num.standby.replicas'],
    replicationFactor: keys['replication.factor'],
    keepsLineage: keys['lineage.enabled'],
    errorsTolerance: keys['errors.tolerance'],
    deadLetterTopic: keys['errors.deadletterqueue.topic.name'] ?? `dlq-${keys['application.id']}`,
    kafka: keys.kafka && kafkaConfig(keys.kafka, keys['application.id'], paths),
    schemaRegistry: registryFrom(keys['schema.registry'], paths),
    sources:
      keys.sources &&
      Object.entries(keys.sources).map(([name, source]) => sourceConfig(name, source, paths)),
    sinks: Object.entries(sinks).map(([name, sink]) =>
      sinkConfig(name, sink, {
        semantics: keys.semantics,
        errorsTolerance: keys['errors.tolerance'],
        deadLetterTopic: keys['errors.deadletterqueue.topic.name'],
        dataDirectory,
        paths,
      }),
    ),
    http: {...hostAndPort(keys['http.listen']), token: keys['http.auth.token']},
    applicationServer: keys['application.server'],
    logLevel: keys['log.level'] ?? (keys.sources === undefined ? 'warn' : 'info'),
    secrets: secretValues(keys),
  };
}

function registryFrom(
  keys: RegistryKeys | undefined,
  paths: FilePaths,
): SchemaRegistryConfig | undefined {
  if (keys === undefined) return undefined;
  const ca = keys['ssl.ca.location'];
  const userInfo =
    keys['basic.auth.credentials.source'] === 'URL' ? undefined : keys['basic.auth.user.info'];
  return {
    servers: keys.url.map((address) => ({
      url: withoutUser(address),
      auth: userInfo === undefined ? userOf(address) : splitUser(userInfo),
    })),
    bearerToken: keys['bearer.auth.token'],
    caLocation:
      ca === undefined ? undefined : paths.absolute(ca, ['schema.registry', 'ssl.ca.location']),
    requestTimeoutMs: keys['request.timeout.ms'],
  };
}

/** `https://user:password@host/path/` is `https://host/path`. */
function withoutUser(address: string): string {
  const {protocol, host, pathname} = new URL(address);
  return `${protocol}//${host}${pathname.replace(/\/+$/, '')}`;
}

/** What stands before the host, where something does. */
function userOf(address: string): {username: string; password: string} | undefined {
  const {username, password} = new URL(address);
  if (username === '') return undefined;
  return {username: decodeURIComponent(username), password: decodeURIComponent(password)};
}

/** A password may have colons, a user may not. */
function splitUser(userInfo: string): {username: string; password: string} {
  const colon = userInfo.indexOf(':');
  return {username: userInfo.slice(0, colon), password: userInfo.slice(colon + 1)};
}
