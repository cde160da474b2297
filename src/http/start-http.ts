import swagger from '@fastify/swagger';
import {fastify} from 'fastify';
import {FatalError, messageOf} from '../common/errors.ts';
import type {Routes} from './routes.ts';

export interface HttpOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly routes: readonly Routes[];
  /** Of this package, for the OpenAPI document. */
  readonly version?: string;
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
  const {host, port, routes, version = ''} = options;
  const server = fastify({
    forceCloseConnections: true,
    // Keys stand in paths; Node limits the whole head of a request to 16 KiB.
    routerOptions: {maxParamLength: 8192},
  });
  // Schemas of answers document them; a test holds the answers against them.
  server.setSerializerCompiler(() => (data) => JSON.stringify(data));
  await server.register(swagger, {openapi: {openapi: '3.1.0', info: {title: 'millrace', version}}});
  for (const register of routes) register(server);
  server.get('/api/openapi.json', {schema: {hide: true}}, () => server.swagger());
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
