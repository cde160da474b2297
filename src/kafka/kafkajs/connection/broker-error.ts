import {FatalError, messageOf} from '../../../common/errors.ts';
import {errorCode, errorName} from '../protocol/error-code.ts';

/** The connection failed or gave no answer: whether the request was carried out is unknown. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
}

/** The broker answered with an error code. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  readonly code: number;

  constructor(code: number, doing: string, detail?: string | null) {
    super(`${errorName(code)} while ${doing}${detail ? ` (${detail})` : ''}`);
    this.code = code;
  }
}

const trust = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Names of kafkajs' errors for answers during authentication that do not change. */
const refusals = new Set([
  'KafkaJSSASLAuthenticationError',
  'KafkaJSSASLAuthenticationFailed',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
]);

/** What a failed connection means: only what waiting cannot mend is fatal. */
export function connectionError(
  broker: string,
  error: unknown,
  has: {readonly ssl: boolean; readonly sasl: boolean},
): Error {
  const message = messageOf(error)
    .replace(/^Connection error: /, '')
    .trimEnd();
  const {name = '', type = '', code} = error as {name?: string; type?: string; code?: string};
  if (refusals.has(name) || refusals.has(type)) {
    return new FatalError(
      'KAFKA_AUTHENTICATION_FAILED',
      `Broker ${broker} refused the credentials: ${message}; check security.protocol, sasl.mechanism, sasl.username and sasl.password`,
      {cause: error},
    );
  }
  if (code !== undefined && trust.has(code)) {
    return new FatalError(
      'KAFKA_TLS_FAILED',
      `Broker ${broker} shows a certificate that is not trusted: ${message}; set ssl.ca.location to the file of the authority that signed it, and check the name in bootstrap.servers`,
      {cause: error},
    );
  }
  if (code !== undefined && /^ERR_SSL_.*ALERT_.*(CERTIFICATE|UNKNOWN_CA)/.test(code)) {
    return new FatalError(
      'KAFKA_TLS_FAILED',
      `Broker ${broker} does not take the certificate of the client: ${message}; set ssl.certificate.location and ssl.key.location to one that its authority has signed`,
      {cause: error},
    );
  }
  const isClosed = code === undefined && name === 'KafkaJSConnectionClosedError';
  const hint = isClosed
    ? closedHint(has)
    : message.includes('before secure TLS connection')
      ? ' (is it a listener without TLS? see security.protocol)'
      : '';
  return new ConnectionLostError(`${broker}: ${message}${hint}`, {cause: error});
}

/** A listener of another kind just closes the connection. */
function closedHint({ssl, sasl}: {readonly ssl: boolean; readonly sasl: boolean}): string {
  if (!ssl && !sasl) return ' (is it a TLS or SASL listener? see security.protocol)';
  return sasl ? '' : ' (does the listener ask for SASL? see security.protocol)';
}

const acls: ReadonlyMap<number, string> = new Map([
  [errorCode.topicAuthorizationFailed, 'READ, WRITE and DESCRIBE on the topic'],
  [errorCode.groupAuthorizationFailed, 'READ on the group'],
  [errorCode.clusterAuthorizationFailed, 'CREATE and IDEMPOTENT_WRITE on the cluster'],
  [errorCode.transactionalIdAuthorizationFailed, 'WRITE and DESCRIBE on the transactional id'],
]);

/** The error for a code that asks for a person, or undefined. `topicOperation` is what the topic has to allow. */
export function deniedError(
  code: number,
  doing: string,
  topicOperation?: string,
): FatalError | undefined {
  const acl =
    code === errorCode.topicAuthorizationFailed && topicOperation !== undefined
      ? `${topicOperation} on the topic`
      : acls.get(code);
  if (acl === undefined) return undefined;
  return new FatalError(
    'KAFKA_AUTHORIZATION_FAILED',
    `${errorName(code)} while ${doing}; grant ${acl} (kafka-acls --add)`,
  );
}
