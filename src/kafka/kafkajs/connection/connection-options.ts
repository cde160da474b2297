import type {ConnectionOptions as TlsOptions} from 'node:tls';

/** What kafkajs' authenticators take. */
export type SaslOptions =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: string;
    }
  | {
      readonly mechanism: 'oauthbearer';
      readonly oauthBearerProvider: () => Promise<{readonly value: string}>;
    };

export interface ConnectionOptions {
  readonly clientId: string;
  readonly connectionTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly ssl?: TlsOptions | undefined;
  readonly sasl?: SaslOptions | undefined;
}
