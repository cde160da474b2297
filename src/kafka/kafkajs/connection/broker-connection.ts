import Connection from 'kafkajs/src/network/connection.js';
import socketFactory from 'kafkajs/src/network/socketFactory.js';
import {FatalError} from '../../../common/errors.ts';
import type {ApiRequest} from '../protocol/api-request.ts';
import {api} from '../protocol/api-request.ts';
import {Reader} from '../protocol/reader.ts';
import {BrokerError, ConnectionLostError, connectionError} from './broker-error.ts';
import type {ConnectionOptions, SaslOptions} from './connection-options.ts';
import {oauthBearer} from './oauth-bearer.ts';

const API_VERSIONS = {apiKey: 18, apiVersion: 0, apiName: 'ApiVersions'};
const SASL_AUTHENTICATE = 36;
const noTags = Buffer.from([0]);
const empty = Buffer.alloc(0);

/**
 * One connection to one broker. The broker answers one request after the other, so a request that waits on purpose (a
 * fetch, a join) holds up whatever is sent after it: each such use has a connection of its own.
 */
export class BrokerConnection {
  readonly #connection: Connection;
  readonly #options: ConnectionOptions;
  readonly #address: string;
  #ready: Promise<void> | undefined;

  constructor(host: string, port: number, options: ConnectionOptions) {
    this.#options = options;
    this.#address = `${host}:${port}`;
    const {clientId, requestTimeoutMs, connectionTimeoutMs, ssl, sasl} = options;
    this.#connection = new Connection({
      host,
      port,
      logger: silent,
      socketFactory: socketFactory(),
      clientId,
      // kafkajs takes the larger of this and what a request asks for.
      requestTimeout: requestTimeoutMs,
      connectionTimeout: connectionTimeoutMs,
      ssl: ssl ?? null,
      sasl: sasl === undefined ? null : saslOf(sasl),
    });
    withoutIdleTimer(this.#connection.requestQueue);
  }

  /**
   * @throws ConnectionLostError when there was no answer: it may have been carried out all the same.
   * @throws FatalError for credentials, certificates and brokers that are too old.
   */
  async send<T>(request: ApiRequest<T>): Promise<T> {
    const {api: to, body, read, waitMs = 0} = request;
    try {
      await this.#connected();
      return await this.#connection.send({
        request: {
          apiKey: to.key,
          apiVersion: to.version,
          apiName: to.name,
          encode: () => {
            // kafkajs writes request header v1; flexible versions have a section of tags behind it.
            const payload = Buffer.concat([noTags, body]);
            return Promise.resolve({buf: payload, buffer: payload});
          },
        },
        response: {
          decode: (payload) => {
            const reader = new Reader(payload);
            reader.tags();
            return Promise.resolve(read(reader));
          },
          parse: (decoded) => Promise.resolve(decoded),
        },
        requestTimeout: this.#options.requestTimeoutMs + waitMs,
        logResponseError: false,
      });
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Ends it at once; what is under way fails. */
  async close(): Promise<void> {
    this.#connection.rejectRequests(new ConnectionLostError(`${this.#address}: closed`));
    await this.#connection.disconnect();
  }

  async #closeQuietly(): Promise<void> {
    try {
      await this.close();
    } catch {
      // It is given up in any case.
    }
  }

  #failure(error: unknown): Error {
    if (error instanceof BrokerError || error instanceof FatalError) return error;
    if (error instanceof ConnectionLostError) return error;
    const {ssl, sasl} = this.#options;
    this.#ready = undefined;
    // After a timeout or a broken answer nothing on it can be relied upon.
    void this.#closeQuietly();
    return connectionError(this.#address, error, {
      ssl: ssl !== undefined,
      sasl: sasl !== undefined,
    });
  }

  async #connected(): Promise<void> {
    if (!this.#connection.isConnected()) this.#ready = undefined;
    this.#ready ??= this.#handshake();
    try {
      await this.#ready;
    } catch (error) {
      this.#ready = undefined;
      throw error;
    }
  }

  async #handshake(): Promise<void> {
    await this.#connection.connect();
    const versions = await this.#connection.send({
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
    this.#connection.setVersions(versions);
    this.#connection.setSupportAuthenticationProtocol(versions[SASL_AUTHENTICATE] !== undefined);
    if (this.#options.sasl !== undefined) await this.#connection.authenticate();
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
