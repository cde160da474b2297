import {Socket} from 'node:net';
import type {SocketConstructorOpts} from 'node:net';
import type {DuplexOptions} from 'node:stream';
import type {ConnectionOptions as TlsOptions} from 'node:tls';
import {Client} from 'pg';
import type {ClientConfig, Connection} from 'pg';
import {sessionOptions} from './session-settings.ts';

/** Where a source's server is and who we are there. */
export interface PostgresAddress {
  readonly hostname: string;
  readonly port: number;
  readonly dbname: string;
  readonly user: string;
  readonly password: string;
  readonly sslmode: SslMode;
}

/** libpq's modes, without those that may fall back to plain text. */
export type SslMode = 'disable' | 'require' | 'verify-ca' | 'verify-full';

const connectTimeoutMs = 10_000;

/**
 * Connects for SQL, or as a walsender that also takes SQL (simple protocol only).
 *
 * An error after the connection was made comes with the next or the running query.
 */
export async function connect(
  address: PostgresAddress,
  purpose: 'query' | 'replication',
): Promise<Client> {
  const config: ClientConfig & {replication?: 'database'} = {
    host: address.hostname,
    port: address.port,
    database: address.dbname,
    user: address.user,
    password: address.password,
    ssl: tlsOptions(address.sslmode),
    application_name: 'millrace',
    options: sessionOptions,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
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

/** The socket's side of a client, which `pg` has and its types do not. */
export interface ClientConnection extends Connection {
  sendCopyFromChunk(chunk: Buffer): void;
}

export function connectionOf(client: Client): ClientConnection {
  return (client as unknown as {connection: ClientConnection}).connection;
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

function tlsOptions(mode: SslMode): TlsOptions | false {
  if (mode === 'disable') return false;
  if (mode === 'require') return {rejectUnauthorized: false};
  if (mode === 'verify-ca') return {rejectUnauthorized: true, checkServerIdentity: () => undefined};
  return {rejectUnauthorized: true};
}
