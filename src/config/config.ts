import type {LogLevel} from '../common/logger.ts';
import type {KafkaConfig} from './kafka-config.ts';
import type {SinkConfig} from './sink-config.ts';
import type {SourceConfig} from './source-config.ts';

/** What the service runs with: everything checked, every default filled in, every path absolute. */
export interface Config {
  /** The file it was read from; undefined where there is none. */
  readonly file: string | undefined;
  readonly applicationId: string;
  readonly dataDirectory: string;
  readonly semantics: 'cdc' | 'ksqldb';
  readonly ordersDeletes: 'ignore' | 'propagate';
  readonly commitIntervalMs: number;
  readonly numPartitions: number;
  readonly numStandbyReplicas: number;
  readonly replicationFactor: number;
  readonly keepsLineage: boolean;
  readonly errorsTolerance: 'none' | 'all';
  readonly deadLetterTopic: string;
  /** Undefined where no section says so: the embedded log. */
  readonly kafka: KafkaConfig | undefined;
  /** Undefined where no section says so: the embedded registry. */
  readonly schemaRegistry: SchemaRegistryConfig | undefined;
  /** Undefined where no section says so: the embedded Postgres is started, with its workload. */
  readonly sources: readonly SourceConfig[] | undefined;
  readonly sinks: readonly SinkConfig[];
  readonly http: HttpConfig;
  /** Undefined where no key says so: where it listens. */
  readonly applicationServer: string | undefined;
  readonly logLevel: LogLevel;
  /** What no output may hold. */
  readonly secrets: readonly string[];
}

/** A registry that speaks Confluent's API. */
export interface SchemaRegistryConfig {
  /** Each can stand in for the others. */
  readonly servers: readonly SchemaRegistryServer[];
  readonly bearerToken: string | undefined;
  /** Path of a PEM file with the authorities to trust; undefined for Node's. */
  readonly caLocation: string | undefined;
  readonly requestTimeoutMs: number;
}

interface SchemaRegistryServer {
  /** Without credentials. */
  readonly url: string;
  readonly auth: {readonly username: string; readonly password: string} | undefined;
}

interface HttpConfig {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** What a request has to bring; undefined: nothing. */
  readonly token: string | undefined;
}
