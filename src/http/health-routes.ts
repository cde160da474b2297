import {z} from 'zod';
import {publicRoute} from './authentication.ts';
import {jsonSchema} from './json-schema.ts';
import type {Routes} from './routes.ts';

interface HealthDeps {
  /** Why the service is not ready; empty when it is. */
  readonly reasons: () => readonly string[];
  /** What someone should look at though it does its work. */
  readonly warnings: () => readonly string[];
}

const alive = jsonSchema(z.strictObject({alive: z.boolean()}));
const readiness = jsonSchema(
  z.strictObject({
    ready: z.boolean(),
    reasons: z.array(z.string()),
    warnings: z.array(z.string()),
  }),
);

/** `/healthz`: the process answers. `/readyz`: 503 with the reasons while it does not do its work; warnings are told with both. */
export function healthRoutes({reasons, warnings}: HealthDeps): Routes {
  return (server) => {
    server.get(
      '/healthz',
      {config: publicRoute, schema: {summary: 'The process answers', response: {200: alive}}},
      () => ({alive: true}),
    );
    const schema = {
      summary: 'It does its work, or why not',
      response: {200: readiness, 503: readiness},
    };
    server.get('/readyz', {config: publicRoute, schema}, (_request, reply) => {
      const why = reasons();
      const ready = why.length === 0;
      return reply.code(ready ? 200 : 503).send({ready, reasons: why, warnings: warnings()});
    });
  };
}
