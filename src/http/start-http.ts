import {fastify} from 'fastify';
import {FatalError, messageOf} from '../common/errors.ts';
import {Secrets} from '../common/secrets.ts';
import {requireToken} from './authentication.ts';
import {answerFailures} from './failure.ts';
import {httpLimits, MAX_KEY_LENGTH} from './limits.ts';
import type {HttpLimits} from './limits.ts';
import {describeRoutes} from './open-api.ts';
import type {Routes} from './routes.ts';

export interface HttpOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** What requests have to bring, but for public routes; undefined: nothing. */
  readonly token?: string | undefined;
  readonly routes: readonly Routes[];
  /** Of this package, for the OpenAPI document. */
  readonly version?: string;
  /** What no failure may say. */
  readonly secrets?: Pick<Secrets, 'redact'>;
  readonly limits?: HttpLimits;
}

export interface HttpServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the routes, and at `/api/openapi.json` what their schemas say; nothing else.
 *
 * @throws FatalError HTTP_PORT_IN_USE when the address cannot be listened on.
 */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const {host, port, token, routes, version = '', secrets = new Secrets()} = options;
  const {limits = httpLimits} = options;
  const server = fastify({
    forceCloseConnections: true,
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    routerOptions: {maxParamLength: MAX_KEY_LENGTH},
    http: {
      maxHeaderSize: limits.headBytes,
      headersTimeout: limits.headTimeoutMs,
      connectionsCheckingInterval: limits.timeoutCheckMs,
    },
  });
  server.server.maxConnections = limits.connections;
  // Schemas of answers document them; a test holds the answers against them.
  server.setSerializerCompiler(() => (data) => JSON.stringify(data));
  answerFailures(server, secrets);
  if (token !== undefined) requireToken(server, token);
  await describeRoutes(server, {version, hasToken: token !== undefined});
  for (const register of routes) register(server);
  try {
    return {
      url: await server.listen({host, port}),
      close: () => server.close(),
    };
  } catch (error) {
    await server.close();
    throw unusable(host, port, error);
  }
}

function unusable(host: string, port: number, error: unknown): FatalError {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const remedy =
    (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      ? 'stop what listens there, or set another http.listen'
      : 'set another http.listen';
  return new FatalError(
    'HTTP_PORT_IN_USE',
    `http.listen ${address} cannot be used (${messageOf(error)}); ${remedy}`,
    {cause: error},
  );
}
