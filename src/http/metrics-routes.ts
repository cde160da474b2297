import type {Routes} from './routes.ts';

interface MetricsDeps {
  /** Prometheus' text format. */
  readonly metrics: () => Promise<string>;
}

/** `/metrics`, for Prometheus. */
export function metricsRoutes({metrics}: MetricsDeps): Routes {
  return (server) => {
    server.get('/metrics', async (_request, reply) =>
      reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics()),
    );
  };
}
