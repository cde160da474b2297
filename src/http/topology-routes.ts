import type {Routes} from './routes.ts';

interface TopologyDeps {
  readonly topology: {describe(): string; toMermaid(): string; toJSON(): object};
}

/** `/topology`, as text, as a Mermaid flowchart or as JSON. */
export function topologyRoutes({topology}: TopologyDeps): Routes {
  return (server) => {
    server.get<{Querystring: {format?: unknown}}>('/topology', ({query}, reply) => {
      switch (query.format) {
        case undefined:
        case 'text':
          return reply.type('text/plain; charset=utf-8').send(topology.describe());
        case 'mermaid':
          return reply.type('text/plain; charset=utf-8').send(topology.toMermaid());
        case 'json':
          return reply.send(topology.toJSON());
        default:
          return reply.code(400).send({error: 'format is text, mermaid or json'});
      }
    });
  };
}
