import {z} from 'zod';
import {failureSchema} from './failure.ts';
import {jsonSchema} from './json-schema.ts';
import type {Routes} from './routes.ts';
import {textSchema} from './text-answer.ts';

interface TopologyDeps {
  readonly topology: {describe(): string; toMermaid(): string; toJSON(): object};
}

const node = z.looseObject({name: z.string(), kind: z.string(), parents: z.array(z.string())});

const topologyJson = jsonSchema(
  z.strictObject({
    subTopologies: z.array(
      z.strictObject({id: z.int(), nodes: z.array(node), stores: z.array(z.string())}),
    ),
    stores: z.array(
      z.strictObject({name: z.string(), changelog: z.string(), published: z.boolean()}),
    ),
  }),
);

/** `/topology`, as text, as a Mermaid flowchart or as JSON. */
export function topologyRoutes({topology}: TopologyDeps): Routes {
  return (server) => {
    const schema = {
      summary: 'The topology as text, as a Mermaid flowchart or as JSON',
      querystring: jsonSchema(
        z.object({format: z.enum(['text', 'mermaid', 'json']).default('text')}),
      ),
      response: {
        200: {content: {...textSchema('text/plain'), 'application/json': {schema: topologyJson}}},
        400: failureSchema,
      },
    };
    server.get<{Querystring: {format: 'text' | 'mermaid' | 'json'}}>(
      '/topology',
      {schema},
      ({query: {format}}, reply) => {
        if (format === 'json') return reply.send(topology.toJSON());
        const text = format === 'text' ? topology.describe() : topology.toMermaid();
        return reply.type('text/plain; charset=utf-8').send(text);
      },
    );
  };
}
