import {z} from 'zod';
import {jsonSchema} from './json-schema.ts';
import type {Routes} from './routes.ts';

interface StatusDeps {
  /** Serialises to JSON. */
  readonly status: () => object | Promise<object>;
}

const serviceStatus = jsonSchema(
  z.strictObject({
    components: z.record(z.string(), z.looseObject({state: z.string()})),
    logEnds: z.record(z.string(), z.number()).nullable(),
    conditions: z.array(
      z.looseObject({code: z.string(), subject: z.string(), message: z.string()}),
    ),
  }),
);

/** `/api/status`: every component, the ends of the logs and the conditions that hold. */
export function statusRoutes({status}: StatusDeps): Routes {
  return (server) => {
    const schema = {
      summary: 'Every component, the ends of the logs, and the conditions that hold',
      response: {200: serviceStatus},
    };
    server.get('/api/status', {schema}, () => status());
  };
}
