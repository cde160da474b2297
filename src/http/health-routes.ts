import type {Routes} from './routes.ts';

interface HealthDeps {
  /** Why the service is not ready; empty when it is. */
  readonly reasons: () => readonly string[];
}

/** `/healthz`: the process answers. `/readyz`: 503 with the reasons while it does not do its work. */
export function healthRoutes({reasons}: HealthDeps): Routes {
  return (server) => {
    server.get('/healthz', () => ({alive: true}));
    server.get('/readyz', (_request, reply) => {
      const why = reasons();
      const ready = why.length === 0;
      return reply.code(ready ? 200 : 503).send({ready, reasons: why});
    });
  };
}
