import {Agent as HttpAgent} from 'node:http';
import {Agent as HttpsAgent} from 'node:https';
import {createRequire} from 'node:module';
import type {
  SchemaRegistryAPIClient,
  SchemaRegistryAPIClientArgs,
} from '@kafkajs/confluent-schema-registry/dist/api/index.js';

export interface RegistryAddress {
  /** Without credentials: it is part of messages. */
  readonly url: string;
  readonly auth?: {readonly username: string; readonly password: string} | undefined;
}

/** What every address of a registry is reached with. */
export interface RegistryAccess {
  readonly bearerToken?: string | undefined;
  /** PEM text of the authorities to trust; Node's when it is left out. */
  readonly ca?: string | undefined;
}

/** What a registry, or something in front of it, has answered. */
export interface RegistryAnswer {
  /** The server that it comes from. */
  readonly url: string;
  readonly status: number;
  /** Parsed JSON; the text itself where it is none. */
  readonly body: unknown;
}

/** One request, with the operations of the client library; it must hand `signal` over. */
export type RegistryRequest = (
  api: SchemaRegistryAPIClient,
  signal: AbortSignal,
) => Promise<Response>;

// As a module, what it exports by default would be one object deeper in Node than in a bundler or a test runner.
const {default: openClient} = createRequire(import.meta.url)(
  '@kafkajs/confluent-schema-registry/dist/api/index.js',
) as {default: (options: SchemaRegistryAPIClientArgs) => SchemaRegistryAPIClient};

type Middleware = NonNullable<SchemaRegistryAPIClientArgs['middlewares']>[number];
type Response = Awaited<ReturnType<ReturnType<Middleware>['response'] & object>>;

/**
 * One address of a Schema Registry, behind the HTTP layer of `@kafkajs/confluent-schema-registry`.
 *
 * Of that layer its paths, encoding and authentication are used. Its error handling is not: it keeps the status and
 * drops the error code, which tells an unknown id from a wrong path, and never settles over a body of `null`.
 */
export class RegistryEndpoint {
  readonly url: string;
  readonly #api: SchemaRegistryAPIClient;

  constructor({url, auth}: RegistryAddress, {bearerToken, ca}: RegistryAccess) {
    this.url = url;
    const isHttps = url.startsWith('https:');
    this.#api = openClient({
      host: url,
      clientId: 'millrace',
      ...(auth !== undefined && {auth}),
      // Requests are rare, and a connection that waits for the next one is closed by whatever is between.
      agent: isHttps
        ? new HttpsAgent({keepAlive: false, ...(ca !== undefined && {ca})})
        : new HttpAgent({keepAlive: false}),
      // The library keeps this in a variable of its module, for all its clients: it must be the same for all of ours.
      retry: {retries: 0},
      middlewares: bearerToken === undefined ? [] : [bearer(bearerToken)],
    });
    // The first is next to the network. The library's argument adds to the other end, where its errors come out.
    const {_manifest} = this.#api as unknown as {_manifest: {middleware: Middleware[]}};
    _manifest.middleware.unshift(asAnswered);
  }

  /** Resolves with what was answered, whatever its status; rejects where nothing was, with the reason. */
  async ask(request: RegistryRequest, signal: AbortSignal): Promise<RegistryAnswer> {
    const answer = await request(this.#api, signal);
    const error = answer.error();
    if (error !== null) throw error;
    return {url: this.url, status: answer.status(), body: answer.data<unknown>()};
  }
}

/** Hands every answer on, as if it were a success. */
const asAnswered: Middleware = () => ({
  response: (next) => next().catch((failed: Response) => failed),
});

function bearer(token: string): Middleware {
  return () => ({
    prepareRequest: async (next) =>
      (await next()).enhance({headers: {Authorization: `Bearer ${token}`}}),
  });
}
