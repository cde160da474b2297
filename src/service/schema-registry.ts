import {readFile} from 'node:fs/promises';
import type {Clock} from '../common/clock.ts';
import {FatalError, messageOf} from '../common/errors.ts';
import type {Logger} from '../common/logger.ts';
import type {Config, SchemaRegistryConfig} from '../config/config.ts';
import type {SourceConfig} from '../config/source-config.ts';
import type {KafkaClient} from '../kafka/client.ts';
import type {ConfluentRegistryOptions} from '../serde/registry/confluent-registry.ts';
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
  sources: readonly Pick<SourceConfig, 'topicPrefix'>[],
  {kafka, topic, replicationFactor, ...deps}: RegistryDeps,
): Promise<SchemaRegistry> {
  if (config === undefined) {
    return EmbeddedRegistry.open({kafka, clock: deps.clock, topic, replicationFactor});
  }
  const {ConfluentRegistry} = await import('../serde/registry/confluent-registry.ts');
  return new ConfluentRegistry({...deps, ...(await registryOptions(config, sources))});
}

/** What a configured registry is asked with. @throws FatalError CONFIG_INVALID for a file that cannot be read. */
export async function registryOptions(
  {servers, bearerToken, caLocation, requestTimeoutMs}: SchemaRegistryConfig,
  sources: readonly Pick<SourceConfig, 'topicPrefix'>[],
): Promise<
  Pick<ConfluentRegistryOptions, 'servers' | 'bearerToken' | 'ca'> & {
    readonly timeoutMs: number;
    readonly unchecked: (subject: string) => boolean;
  }
> {
  return {
    servers,
    bearerToken,
    ca: caLocation === undefined ? undefined : await readAuthorities(caLocation),
    timeoutMs: requestTimeoutMs,
    unchecked: (subject) => sources.some((source) => isChangeEventSubject(source, subject)),
  };
}

/** The topic of the embedded registry; on a cluster of others `_schemas` belongs to their registry. */
export function schemasTopic({
  kafka,
  applicationId,
}: Pick<Config, 'kafka' | 'applicationId'>): string {
  return kafka === undefined ? '_schemas' : `${applicationId}-schemas`;
}

/** Which tables there are is known once a source is open; all topics of a source start with its prefix. */
function isChangeEventSubject(
  {topicPrefix}: Pick<SourceConfig, 'topicPrefix'>,
  subject: string,
): boolean {
  return subject.startsWith(`${topicPrefix}.`) && /-(key|value)$/.test(subject);
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
