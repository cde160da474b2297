import type {Routes} from './routes.ts';
import {textSchema} from './text-answer.ts';

interface MetricsDeps {
  /** Prometheus' text format. */
  readonly metrics: () => Promise<string>;
}

/** `/metrics`, for Prometheus. */
export function metricsRoutes({metrics}: MetricsDeps): Routes {
  return (server) => {
    const schema = {
      summary: "All metrics, in Prometheus' text format",
      response: {200: {content: textSchema('text/plain')}},
    };
    server.get('/metrics', {schema}, async (_request, reply) =>
      reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics()),
    );
  };
}
