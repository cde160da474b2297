/*
 * The parts of kafkajs 2.2.4 that are used: its connection with TLS, SASL, correlation and request timeouts. It has no
 * "exports", and its code is frozen, so that these files stay where they are under the pinned version.
 */
declare module 'kafkajs/src/network/connection.js' {
  import type {Socket} from 'node:net';
  import type {ConnectionOptions as TlsOptions} from 'node:tls';

  interface PushedRequest {
    readonly entry: {
      readonly apiKey: number;
      readonly apiVersion: number;
      readonly apiName: string;
      readonly correlationId: number;
      readonly resolve: (answer: {readonly payload: Buffer}) => void;
      readonly reject: (error: Error) => void;
    };
    readonly expectResponse: boolean;
    readonly requestTimeout: number;
    readonly sendRequest: () => void;
  }

  interface RequestQueue {
    readonly pending: readonly unknown[];
    push(request: PushedRequest): void;
    scheduleCheckPendingRequests(): void;
  }

  interface RawRequest<T> {
    readonly request: {
      readonly apiKey: number;
      readonly apiVersion: number;
      readonly apiName: string;
      readonly encode: () => Promise<{readonly buf: Buffer; readonly buffer: Buffer}>;
    };
    readonly response: {
      readonly decode: (payload: Buffer) => Promise<T>;
      readonly parse: (decoded: T) => Promise<T>;
    };
    readonly requestTimeout: number;
    readonly logResponseError: boolean;
  }

  export default class Connection {
    constructor(options: {
      host: string;
      port: number;
      logger: unknown;
      socketFactory: unknown;
      clientId: string;
      requestTimeout: number;
      connectionTimeout: number;
      ssl: TlsOptions | null;
      sasl: object | null;
    });

    readonly requestQueue: RequestQueue;
    readonly socket: Socket;
    isConnected(): boolean;
    nextCorrelationId(): number;
    connect(): Promise<unknown>;
    authenticate(): Promise<void>;
    disconnect(): Promise<unknown>;
    rejectRequests(error: Error): void;
    setVersions(versions: object): void;
    setSupportAuthenticationProtocol(isSupported: boolean): void;
    send<T>(request: RawRequest<T>): Promise<T>;
  }
}

declare module 'kafkajs/src/network/socketFactory.js' {
  export default function socketFactory(): unknown;
}
