import {fastify} from 'fastify';
import {FatalError, messageOf} from './common/errors.ts';

export interface HttpOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** What `/api/status` answers; serialises to JSON. */
  readonly status: () => object | Promise<object>;
  /** Why the service is not ready; empty when it is. */
  readonly reasons: () => readonly string[];
  readonly topology: {describe(): string; toMermaid(): string; toJSON(): object};
  /** Prometheus' text format. */
  readonly metrics: () => Promise<string>;
}

export interface HttpServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `/healthz`, `/readyz`, `/metrics`, `/topology` and `/api/status`, all read-only.
 *
 * @throws FatalError HTTP_PORT_IN_USE when the address cannot be listened on.
 */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const server = fastify({forceCloseConnections: true});
  server.get('/healthz', () => ({alive: true}));
  server.get('/readyz', (_request, reply) => {
    const reasons = options.reasons();
    return reply
      .code(reasons.length === 0 ? 200 : 503)
      .send({ready: reasons.length === 0, reasons});
  });
  server.get('/api/status', () => options.status());
  server.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await options.metrics()),
  );
  server.get<{Querystring: {format?: unknown}}>('/topology', ({query}, reply) => {
    switch (query.format) {
      case undefined:
      case 'text':
        return reply.type('text/plain; charset=utf-8').send(options.topology.describe());
      case 'mermaid':
        return reply.type('text/plain; charset=utf-8').send(options.topology.toMermaid());
      case 'json':
        return reply.send(options.topology.toJSON());
      default:
        return reply.code(400).send({error: 'format is text, mermaid or json'});
    }
  });
  try {
    return {
      url: await server.listen({host: options.host, port: options.port}),
      close: () => server.close(),
    };
  } catch (error) {
    await server.close();
    throw unusable(options, error);
  }
}

function unusable({host, port}: HttpOptions, error: unknown): FatalError {
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
