import Connection from 'kafkajs/src/network/connection.js';
import socketFactory from 'kafkajs/src/network/socketFactory.js';
import {FatalError} from '../../../common/errors.ts';
import type {ApiRequest} from '../protocol/api-request.ts';
import {api} from '../protocol/api-request.ts';
import {Reader} from '../protocol/reader.ts';
import {BrokerError, ConnectionLostError, connectionError} from './broker-error.ts';
import type {ConnectionOptions, SaslOptions} from './connection-options.ts';
import {exchange} from './exchange.ts';
import {oauthBearer} from './oauth-bearer.ts';

const API_VERSIONS = {apiKey: 18, apiVersion: 0, apiName: 'ApiVersions'};
const SASL_AUTHENTICATE = 36;
const empty = Buffer.alloc(0);

interface Opened {
  readonly connection: Connection;
  /** Connected, and the broker knows who asks. */
  readonly ready: Promise<void>;
  isReady: boolean;
}

/**
 * One connection to one broker. The broker answers one request after the other, so a request that waits on purpose (a
 * fetch, a join) holds up whatever is sent after it: each such use has a connection of its own.
 */
export class BrokerConnection {
  readonly #host: string;
  readonly #port: number;
  readonly #options: ConnectionOptions;
  #opened: Opened | undefined;

  constructor(host: string, port: number, options: ConnectionOptions) {
    this.#host = host;
    this.#port = port;
    this.#options = options;
  }

  /**
   * @throws ConnectionLostError when there was no answer: it may have been carried out all the same.
   * @throws FatalError for credentials, certificates and brokers that are too old.
   */
  async send<T>(request: ApiRequest<T>): Promise<T> {
    const {api: to, body, read, waitMs = 0} = request;
    const {clientId, requestTimeoutMs} = this.#options;
    const opened = this.#open();
    try {
      await opened.ready;
      const payload = await exchange(opened.connection, {
        api: to,
        clientId,
        body,
        timeoutMs: requestTimeoutMs + waitMs,
      });
      const reader = new Reader(payload);
      reader.tags();
      return read(reader);
    } catch (error) {
      throw this.#failure(opened, error);
    }
  }

  /** Ends it at once; what is under way fails. */
  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    if (opened !== undefined) await this.#end(opened);
  }

  async #end({connection}: Opened): Promise<void> {
    connection.rejectRequests(new ConnectionLostError(`${this.#address}: closed`));
    try {
      await connection.disconnect();
    } catch {
      // It is given up in any case.
    }
  }

  #failure(opened: Opened, error: unknown): Error {
    if (error instanceof BrokerError || error instanceof FatalError) return error;
    // After a timeout or a broken answer nothing on it can be relied upon.
    if (this.#opened === opened) this.#opened = undefined;
    void this.#end(opened);
    if (error instanceof ConnectionLostError) return error;
    const {ssl, sasl} = this.#options;
    return connectionError(this.#address, error, {
      ssl: ssl !== undefined,
      sasl: sasl !== undefined,
    });
  }

  get #address(): string {
    return `${this.#host}:${this.#port}`;
  }

  /**
   * The connection, or a new one where it has ended: one of kafkajs that is taken up again while it is still closing
   * closes the new socket.
   */
  #open(): Opened {
    if (this.#opened?.isReady === true && !this.#opened.connection.isConnected()) {
      void this.#end(this.#opened);
      this.#opened = undefined;
    }
    this.#opened ??= this.#connect();
    return this.#opened;
  }

  #connect(): Opened {
    const {clientId, requestTimeoutMs, connectionTimeoutMs, ssl, sasl} = this.#options;
    const connection = new Connection({
      host: this.#host,
      port: this.#port,
      logger: silent,
      socketFactory: socketFactory(),
      clientId,
      // kafkajs takes the larger of this and what a request asks for.
      requestTimeout: requestTimeoutMs,
      connectionTimeout: connectionTimeoutMs,
      ssl: ssl ?? null,
      sasl: sasl === undefined ? null : saslOf(sasl),
    });
    withoutIdleTimer(connection.requestQueue);
    const opening = {connection, isReady: false};
    return Object.assign(opening, {ready: this.#handshake(opening)});
  }

  async #handshake(opening: Omit<Opened, 'ready'>): Promise<void> {
    const {connection} = opening;
    await connection.connect();
    const versions = await connection.send({
      request: {
        ...API_VERSIONS,
        encode: () => Promise.resolve({buf: empty, buffer: empty}),
      },
      response: {
        decode: (payload) => Promise.resolve(readApiVersions(payload)),
        parse: (decoded) => Promise.resolve(decoded),
      },
      requestTimeout: this.#options.connectionTimeoutMs,
      logResponseError: false,
    });
    for (const {name, key, version} of Object.values(api)) {
      const range = versions[key];
      if (range === undefined || range.minVersion > version || range.maxVersion < version) {
        const offered = range === undefined ? 'none' : `${range.minVersion}–${range.maxVersion}`;
        throw new FatalError(
          'KAFKA_BROKER_UNSUPPORTED',
          `Broker ${this.#address} does not speak ${name} version ${version} (it offers ${offered}); millrace needs Apache Kafka 3.1 or newer`,
        );
      }
    }
    connection.setVersions(versions);
    connection.setSupportAuthenticationProtocol(versions[SASL_AUTHENTICATE] !== undefined);
    if (this.#options.sasl !== undefined) await connection.authenticate();
    opening.isReady = true;
  }
}

/** A copy, for kafkajs puts its authenticator into the object. */
function saslOf(sasl: SaslOptions): object {
  return sasl.mechanism === 'oauthbearer'
    ? {...sasl, authenticationProvider: oauthBearer(sasl)}
    : {...sasl};
}

type ApiVersions = Record<number, {readonly minVersion: number; readonly maxVersion: number}>;

function readApiVersions(payload: Buffer): ApiVersions {
  const reader = new Reader(payload);
  const error = reader.int16();
  if (error !== 0) throw new BrokerError(error, 'asking for the API versions');
  const versions: ApiVersions = {};
  for (let left = reader.int32(); left > 0; left--) {
    versions[reader.int16()] = {minVersion: reader.int16(), maxVersion: reader.int16()};
  }
  return versions;
}

/**
 * kafkajs re-arms a timer after every response for ever, each of which fires within a millisecond: 5 % of a core for ten
 * idle connections. It is needed only while requests wait in the queue.
 */
function withoutIdleTimer(queue: Connection['requestQueue']): void {
  const schedule = queue.scheduleCheckPendingRequests.bind(queue);
  queue.scheduleCheckPendingRequests = () => {
    if (queue.pending.length > 0) schedule();
  };
}

/** Every failure reaches the caller as an error; kafkajs would log it as well. */
const silent = {
  namespace: () => silent,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
