import {FatalError} from '../../../common/errors.ts';
import type {SaslOptions} from './connection-options.ts';

type OauthOptions = Extract<SaslOptions, {readonly mechanism: 'oauthbearer'}>;

/** What kafkajs hands to an authenticator. */
interface Exchange {
  readonly host: string;
  readonly port: number;
  readonly saslAuthenticate: (step: {
    readonly request: {readonly encode: () => Promise<Buffer>};
    readonly response: {
      readonly decode: (payload: Buffer) => Promise<Buffer>;
      readonly parse: (decoded: Buffer) => Promise<Buffer>;
    };
  }) => Promise<Buffer>;
}

/**
 * SASL/OAUTHBEARER (RFC 7628) for kafkajs' connection.
 *
 * A refusal is no error code but text in the answer, which kafkajs' own authenticator does not read: it goes on, and the
 * broker answers whatever is sent next as if the cluster were empty.
 */
export function oauthBearer(sasl: OauthOptions) {
  return ({host, port, saslAuthenticate}: Exchange) => ({
    authenticate: async (): Promise<void> => {
      const {value} = await sasl.oauthBearerProvider();
      const refusal = await saslAuthenticate({
        request: {
          encode: () => Promise.resolve(sized(`n,,\u0001auth=Bearer ${value}\u0001\u0001`)),
        },
        response: {
          decode: (payload) => Promise.resolve(payload.subarray(4)),
          parse: (decoded) => Promise.resolve(decoded),
        },
      });
      if (refusal.length === 0) return;
      throw new FatalError(
        'KAFKA_AUTHENTICATION_FAILED',
        `Broker ${host}:${port} refused the credentials: ${refusal.toString()}; check sasl.mechanism, and that the token is valid, meant for this cluster and not expired`,
      );
    },
  });
}

/** The text behind its length. */
function sized(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
