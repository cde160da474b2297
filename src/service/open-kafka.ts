import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Clock} from '../common/clock.ts';
import type {Conditions} from '../common/conditions.ts';
import {FatalError, messageOf} from '../common/errors.ts';
import type {Logger} from '../common/logger.ts';
import type {Config} from '../config/config.ts';
import type {KafkaConfig, SaslConfig} from '../config/kafka-config.ts';
import type {KafkaClient} from '../kafka/client.ts';
import {EmbeddedKafka} from '../kafka/embedded/embedded-kafka.ts';
import type {KafkajsOptions} from '../kafka/kafkajs/kafkajs-client.ts';
import {KafkaOutage} from './kafka-outage.ts';
import {fetchToken} from './oauth-token.ts';

interface KafkaDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly conditions: Conditions;
}

/** The cluster that the configuration names, or else the embedded log in the data directory. */
export async function openKafka(
  {kafka, dataDirectory}: Pick<Config, 'kafka' | 'dataDirectory'>,
  {clock, logger, conditions}: KafkaDeps,
): Promise<KafkaClient> {
  if (kafka === undefined) {
    return EmbeddedKafka.open({directory: join(dataDirectory, 'log'), clock, logger});
  }
  const {KafkajsClient} = await import('../kafka/kafkajs/kafkajs-client.ts');
  const watched = new KafkaOutage(kafka.bootstrapServers, {conditions, logger});
  return KafkajsClient.connect({
    ...(await kafkajsOptions(kafka)),
    clock,
    onLook: (outage) => watched.seen(outage),
  });
}

/** @throws FatalError CONFIG_INVALID for a file that cannot be read. */
export async function kafkajsOptions(kafka: KafkaConfig): Promise<KafkaConnectOptions> {
  const {tls, sasl, groupInstanceId: _, ...options} = kafka;
  return {...options, ssl: tls && (await tlsOptions(tls)), sasl: sasl && saslOptions(sasl)};
}

/** What a client connects with. */
type KafkaConnectOptions = Omit<KafkaConfig, 'tls' | 'sasl' | 'groupInstanceId'> &
  Pick<KafkajsOptions, 'ssl' | 'sasl'>;

async function tlsOptions(
  files: NonNullable<KafkaConfig['tls']>,
): Promise<NonNullable<KafkajsOptions['ssl']>> {
  const [ca, cert, key] = await Promise.all([
    readPem('ssl.ca.location', files.ca),
    readPem('ssl.certificate.location', files.certificate),
    readPem('ssl.key.location', files.key),
  ]);
  return {
    ...(ca === undefined ? {} : {ca}),
    ...(cert === undefined ? {} : {cert}),
    ...(key === undefined ? {} : {key}),
    ...(files.keyPassword === undefined ? {} : {passphrase: files.keyPassword}),
  };
}

function saslOptions(sasl: SaslConfig): NonNullable<KafkajsOptions['sasl']> {
  if (sasl.mechanism === 'OAUTHBEARER') {
    return {mechanism: 'oauthbearer', oauthBearerProvider: () => fetchToken(sasl)};
  }
  const {username, password} = sasl;
  const mechanism = kafkajsNames[sasl.mechanism];
  return {mechanism, username, password};
}

const kafkajsNames = {
  PLAIN: 'plain',
  'SCRAM-SHA-256': 'scram-sha-256',
  'SCRAM-SHA-512': 'scram-sha-512',
} as const;

async function readPem(key: string, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new FatalError('CONFIG_INVALID', `kafka.${key} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
