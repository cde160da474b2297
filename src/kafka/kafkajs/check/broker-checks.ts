import {failed, failedBy, ok} from '../../../common/check-result.ts';
import type {CheckResult} from '../../../common/check-result.ts';
import {FatalError, messageOf} from '../../../common/errors.ts';
import {BrokerConnection} from '../connection/broker-connection.ts';
import type {ConnectionOptions} from '../connection/connection-options.ts';
import {metadataRequest} from '../protocol/metadata.ts';
import type {BrokerAddress} from '../protocol/metadata.ts';

/** What came of a connection to one broker. */
export interface BrokerAttempt {
  /** `host:port`. */
  readonly server: string;
  /** Undefined where it answered. */
  readonly error: unknown;
  /** The brokers that it names. */
  readonly brokers: readonly BrokerAddress[];
}

/** Connects as the client will: TLS, SASL, the versions of each API, and a first request. */
export async function tryBroker(
  server: string,
  options: ConnectionOptions,
): Promise<BrokerAttempt> {
  const colon = server.lastIndexOf(':');
  const host = server.slice(0, colon);
  const connection = new BrokerConnection(host, Number(server.slice(colon + 1)), options);
  try {
    const {brokers} = await connection.send(metadataRequest([]));
    return {server, error: undefined, brokers};
  } catch (error) {
    return {server, error, brokers: []};
  } finally {
    await connection.close();
  }
}

/** What the attempts at `bootstrap.servers` say; one that cannot be reached is a warning while another answers. */
export function bootstrapChecks(
  attempts: readonly BrokerAttempt[],
  how: string,
): readonly CheckResult[] {
  const anyAnswers = attempts.some(({error}) => error === undefined);
  return attempts.map(({server, error}) => {
    const name = `broker ${server}`;
    if (error === undefined) return ok(name, how);
    if (error instanceof FatalError) return failedBy(name, error);
    const result = failed(name, reasonOf(server, error), {
      remedy:
        'check bootstrap.servers, that the broker runs, and what stands between (DNS, firewall)',
    });
    return anyAnswers ? {...result, outcome: 'warning'} : result;
  });
}

/** What the attempts at the addresses say that the brokers give to clients. */
export function advertisedChecks(attempts: readonly BrokerAttempt[]): readonly CheckResult[] {
  return attempts.map(({server, error}) => {
    const name = `broker ${server}`;
    if (error === undefined) return ok(name, 'reached at the address that it advertises');
    if (error instanceof FatalError) return failedBy(name, error);
    return failed(name, `the cluster sends clients here: ${reasonOf(server, error)}`, {
      remedy:
        "set the broker's advertised.listeners to an address that this machine reaches, or open the way",
    });
  });
}

function reasonOf(server: string, error: unknown): string {
  return messageOf(error).replace(`${server}: `, '');
}
