import {readFile} from 'node:fs/promises';
import {topicName} from '../cdc/topic-name.ts';
import type {Clock} from '../common/clock.ts';
import {FatalError, messageOf} from '../common/errors.ts';
import type {Logger} from '../common/logger.ts';
import type {SchemaRegistryConfig} from '../config/config.ts';
import type {SourceConfig} from '../config/source-config.ts';
import type {KafkaClient} from '../kafka/client.ts';
import {EmbeddedRegistry} from '../serde/registry/embedded-registry.ts';
import type {SchemaRegistry} from '../serde/registry/schema-registry.ts';

interface RegistryDeps {
  readonly kafka: KafkaClient;
  /** Where the embedded one keeps its schemas. */
  readonly topic: string;
  /** Of that topic. */
  readonly replicationFactor: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What is under way when it aborts fails, as something to do again. */
  readonly signal: AbortSignal;
}

/**
 * The registry that the configuration names, or else the embedded one. It is not asked yet: that it cannot be reached
 * is for those who need it to wait out.
 */
export async function openSchemaRegistry(
  config: SchemaRegistryConfig | undefined,
  sources: readonly Pick<SourceConfig, 'topicPrefix' | 'tables'>[],
  {kafka, topic, replicationFactor, ...deps}: RegistryDeps,
): Promise<SchemaRegistry> {
  if (config === undefined) {
    return EmbeddedRegistry.open({kafka, clock: deps.clock, topic, replicationFactor});
  }
  const {servers, bearerToken, caLocation, requestTimeoutMs} = config;
  const subjects = new Set(sources.flatMap(changeEventSubjects));
  const {ConfluentRegistry} = await import('../serde/registry/confluent-registry.ts');
  return new ConfluentRegistry({
    ...deps,
    servers,
    bearerToken,
    ca: caLocation === undefined ? undefined : await readAuthorities(caLocation),
    timeoutMs: requestTimeoutMs,
    unchecked: (subject) => subjects.has(subject),
  });
}

function changeEventSubjects({
  topicPrefix,
  tables,
}: Pick<SourceConfig, 'topicPrefix' | 'tables'>): string[] {
  return tables.flatMap((table) => {
    const dot = table.indexOf('.');
    const topic = topicName(topicPrefix, table.slice(0, dot), table.slice(dot + 1));
    return [`${topic}-key`, `${topic}-value`];
  });
}

async function readAuthorities(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new FatalError(
      'CONFIG_INVALID',
      `schema.registry.ssl.ca.location cannot be read: ${messageOf(error)}`,
      {cause: error},
    );
  }
}
