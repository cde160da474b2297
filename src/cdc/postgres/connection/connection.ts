import {Socket} from 'node:net';
import type {SocketConstructorOpts} from 'node:net';
import type {DuplexOptions} from 'node:stream';
import type {ConnectionOptions} from 'node:tls';
import {Client} from 'pg';
import type {ClientConfig, Connection} from 'pg';
import {messageOf} from '../../../common/errors.ts';
import {hostsOf, hostText} from './hosts.ts';
import type {Host} from './hosts.ts';
import {sessionOptions} from './session-settings.ts';
import {tlsOptions} from './tls-options.ts';
import type {SslMode, TlsFiles} from './tls-options.ts';
import {isUnreachable, NoPrimaryError} from './unreachable.ts';

/** Where a source's server is and who we are there. */
export interface PostgresAddress {
  /** One host, or several of which one is the primary, see `hostsOf`. */
  readonly hostname: string;
  readonly port: number;
  readonly dbname: string;
  readonly user: string;
  readonly password: string;
  readonly sslmode: SslMode;
  readonly tls?: TlsFiles | undefined;
  /** Probes of the kernel on idle connections; default on. */
  readonly tcpKeepAlive?: boolean | undefined;
  /** How long each host may take to accept a connection; default 10 s. */
  readonly connectTimeoutMs?: number | undefined;
}

type Purpose = 'query' | 'replication';

const defaultConnectTimeoutMs = 10_000;

/**
 * Connects for SQL, or as a walsender that also takes SQL (simple protocol only).
 *
 * Of several hosts, to the first one that answers and is not a standby. An error after the connection was made comes
 * with the next or the running query.
 *
 * @throws NoPrimaryError when none of several hosts will do now. What one of them refuses for good (a password, a
 *   database) may be a standby's that is behind, so it counts only when all refuse.
 */
export async function connect(address: PostgresAddress, purpose: Purpose): Promise<Client> {
  const ssl = await tlsOptions(address.sslmode, address.tls);
  const hosts = hostsOf(address);
  const [first] = hosts;
  if (hosts.length === 1 && first !== undefined) return connectTo(first, address, purpose, ssl);
  const reasons: string[] = [];
  let refusal: unknown;
  let refusals = 0;
  for (const host of hosts) {
    try {
      const client = await connectTo(host, address, purpose, ssl);
      if (await isPrimary(client)) return client;
      reasons.push(`${hostText(host)} is a standby`);
    } catch (error) {
      if (!isUnreachable(error)) {
        refusal ??= error;
        refusals++;
      }
      const {code = 'no answer'} = error as {code?: string};
      reasons.push(`${hostText(host)}: ${messageOf(error) || code}`);
    }
  }
  if (refusals === hosts.length) throw refusal;
  throw new NoPrimaryError(`none of the hosts is a primary (${reasons.join('; ')})`);
}

async function connectTo(
  {hostname, port}: Host,
  address: PostgresAddress,
  purpose: Purpose,
  ssl: ConnectionOptions | false,
): Promise<Client> {
  const config: ClientConfig & {replication?: 'database'} = {
    host: hostname,
    port,
    database: address.dbname,
    user: address.user,
    password: address.password,
    ssl,
    application_name: 'millrace',
    options: sessionOptions,
    connectionTimeoutMillis: address.connectTimeoutMs ?? defaultConnectTimeoutMs,
    keepAlive: address.tcpKeepAlive ?? true,
    ...(purpose === 'replication' && {replication: 'database', stream: eagerlyPausedSocket}),
  };
  const client = new Client(config);
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    terminate(client);
    throw error;
  }
  return client;
}

/** Disconnects from a standby. */
async function isPrimary(client: Client): Promise<boolean> {
  try {
    const {rows} = await client.query<{standby: boolean}>(
      'SELECT pg_catalog.pg_is_in_recovery() AS standby',
    );
    if (rows[0]?.standby === false) return true;
  } catch (error) {
    terminate(client);
    throw error;
  }
  disconnect(client);
  return false;
}

/** The socket's side of a client, which `pg` has and its types do not. */
export interface ClientConnection extends Connection {
  sendCopyFromChunk(chunk: Buffer): void;
}

export function connectionOf(client: Client): ClientConnection {
  return (client as unknown as {connection: ClientConnection}).connection;
}

export function isEncrypted(client: Client): boolean {
  return 'encrypted' in connectionOf(client).stream;
}

/** The process that serves it, which `pg` has and its types do not. */
export function backendPid(client: Client): number {
  return (client as unknown as {processID: number}).processID;
}

/** Says goodbye and does not wait for the answer. */
export function disconnect(client: Client): void {
  void client.end().catch(() => undefined);
}

/** Closes at once, whatever is still coming. */
export function terminate(client: Client): void {
  disconnect(client);
  connectionOf(client).stream.destroy();
}

/** Node's paused sockets go on reading up to the mark; this one leaves the data to the kernel, see `ReadPacer`. */
function eagerlyPausedSocket(): Socket {
  const options: SocketConstructorOpts & DuplexOptions = {readableHighWaterMark: 1};
  return new Socket(options);
}
