import type {FilePaths} from './file-paths.ts';
import type {KafkaKeys} from './kafka-schema.ts';

/** A Kafka cluster, and how to speak to it. */
export interface KafkaConfig {
  readonly bootstrapServers: readonly string[];
  readonly clientId: string;
  /** Undefined without TLS; an empty object for TLS with what Node trusts. */
  readonly tls: TlsFiles | undefined;
  readonly sasl: SaslConfig | undefined;
  readonly groupInstanceId: string | undefined;
  readonly sessionTimeoutMs: number;
  readonly transactionTimeoutMs: number;
  readonly apiTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly compression: KafkaKeys['compression.type'];
  readonly maxRequestSize: number;
  readonly minInsyncReplicas: number | undefined;
}

/** Paths of PEM files. */
interface TlsFiles {
  readonly ca: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly keyPassword: string | undefined;
}

/** Who the service is, to the brokers. */
export type SaslConfig =
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
      readonly username: string;
      readonly password: string;
    }
  | {
      readonly mechanism: 'OAUTHBEARER';
      readonly tokenEndpoint: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scope: string | undefined;
    };

/** What the keys under `kafka` mean. */
export function kafkaConfig(keys: KafkaKeys, applicationId: string, paths: FilePaths): KafkaConfig {
  const protocol = keys['security.protocol'];
  const file = (key: 'ssl.ca.location' | 'ssl.certificate.location' | 'ssl.key.location') => {
    const path = keys[key];
    return path === undefined ? undefined : paths.absolute(path, ['kafka', key]);
  };
  return {
    bootstrapServers: keys['bootstrap.servers'],
    clientId: keys['client.id'] ?? applicationId,
    tls: protocol.endsWith('SSL')
      ? {
          ca: file('ssl.ca.location'),
          certificate: file('ssl.certificate.location'),
          key: file('ssl.key.location'),
          keyPassword: keys['ssl.key.password'],
        }
      : undefined,
    sasl: protocol.startsWith('SASL') ? saslConfig(keys) : undefined,
    groupInstanceId: keys['group.instance.id'],
    sessionTimeoutMs: keys['session.timeout.ms'],
    transactionTimeoutMs: keys['transaction.timeout.ms'],
    apiTimeoutMs: keys['default.api.timeout.ms'],
    requestTimeoutMs: keys['request.timeout.ms'],
    compression: keys['compression.type'],
    maxRequestSize: keys['max.request.size'],
    minInsyncReplicas: keys['min.insync.replicas'],
  };
}

/** That the keys of the mechanism are there is checked before. */
function saslConfig(keys: KafkaKeys): SaslConfig {
  const mechanism = keys['sasl.mechanism'] ?? 'PLAIN';
  if (mechanism === 'OAUTHBEARER') {
    return {
      mechanism,
      tokenEndpoint: keys['sasl.oauthbearer.token.endpoint.url'] ?? '',
      clientId: keys['sasl.oauthbearer.client.id'] ?? '',
      clientSecret: keys['sasl.oauthbearer.client.secret'] ?? '',
      scope: keys['sasl.oauthbearer.scope'],
    };
  }
  return {
    mechanism,
    username: keys['sasl.username'] ?? '',
    password: keys['sasl.password'] ?? '',
  };
}
