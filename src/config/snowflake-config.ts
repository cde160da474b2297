import type {z} from 'zod';
import type {FilePaths} from './file-paths.ts';
import type {sinkSchemas} from './sink-schema.ts';

/** The keys of a Snowflake sink, as the schema has read them. */
export type SnowflakeKeys = z.output<typeof sinkSchemas.snowflake>;

/** A Snowflake account, who loads there, and where to. */
export interface SnowflakeConfig {
  readonly account: string;
  readonly url: string | undefined;
  readonly user: string;
  readonly credentials: SnowflakeCredentialsConfig;
  readonly role: string | undefined;
  readonly warehouse: string;
  readonly database: string;
  readonly schema: string;
  readonly preserveCase: boolean;
  readonly stage: string | undefined;
  readonly stageThresholdBytes: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
}

export type SnowflakeCredentialsConfig =
  | {readonly kind: 'key-file'; readonly path: string; readonly passphrase: string | undefined}
  | {readonly kind: 'key'; readonly pem: string; readonly passphrase: string | undefined}
  | {readonly kind: 'password'; readonly password: string}
  | {readonly kind: 'oauth' | 'programmatic-access-token'; readonly token: string};

/** What the checked keys of a sink mean. */
export function snowflakeConfig(
  name: string,
  keys: SnowflakeKeys,
  paths: FilePaths,
): SnowflakeConfig {
  return {
    account: keys.account,
    url: keys.url,
    user: keys.user,
    credentials: credentialsFrom(name, keys, paths),
    role: keys.role,
    warehouse: keys.warehouse,
    database: keys.database,
    schema: keys.schema ?? 'PUBLIC',
    preserveCase: keys['preserve.case'],
    stage: keys.stage,
    stageThresholdBytes: keys['stage.threshold.bytes'],
    connectTimeoutMs: keys['connect.timeout.ms'],
    statementTimeoutMs: keys['statement.timeout.ms'],
    lockTimeoutMs: keys['lock.timeout.ms'],
  };
}

/** One of them is there: `checkSnowflake` has seen to it. */
function credentialsFrom(
  name: string,
  keys: SnowflakeKeys,
  paths: FilePaths,
): SnowflakeCredentialsConfig {
  const {'private.key.file': file, 'private.key': pem, password, token = ''} = keys;
  const passphrase = keys['private.key.passphrase'];
  if (file !== undefined) {
    const path = paths.absolute(file, ['sinks', name, 'private.key.file']);
    return {kind: 'key-file', path, passphrase};
  }
  if (pem !== undefined) return {kind: 'key', pem, passphrase};
  if (password !== undefined) return {kind: 'password', password};
  return {kind: keys.authenticator === 'oauth' ? 'oauth' : 'programmatic-access-token', token};
}
