/** An account, who loads there, and where to. */
export interface SnowflakeOptions {
  /** `<organization>-<account>`, or the locator with its region. */
  readonly account: string;
  /** Undefined: `https://<account>.snowflakecomputing.com`. */
  readonly url: string | undefined;
  readonly user: string;
  readonly credentials: SnowflakeCredentials;
  /** Undefined: the user's default role. */
  readonly role: string | undefined;
  readonly warehouse: string;
  readonly database: string;
  readonly schema: string;
  /** Names of tables and columns as the topic has them, in place of upper case. */
  readonly preserveCase: boolean;
  /** A named internal stage of the schema, for large batches; undefined for the user's own. */
  readonly stage: string | undefined;
  /** Batches from this size on go through the stage, smaller ones along with the statement. */
  readonly stageThresholdBytes: number;
  /** How long a login may take. */
  readonly connectTimeoutMs: number;
  /** How long a statement may run; its answer has a little longer to arrive. */
  readonly statementTimeoutMs: number;
  /** How long a statement waits for a lock that another transaction holds. */
  readonly lockTimeoutMs: number;
}

export type SnowflakeCredentials =
  /** The file is read with each login, so that a key can be replaced. */
  | {readonly kind: 'key-file'; readonly path: string; readonly passphrase: string | undefined}
  | {readonly kind: 'key'; readonly pem: string; readonly passphrase: string | undefined}
  | {readonly kind: 'password'; readonly password: string}
  | {readonly kind: 'oauth' | 'programmatic-access-token'; readonly token: string};
