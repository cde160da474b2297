import type {LineageQueries} from '../streams/runtime/queries/lineage-queries.ts';
import {answerFailure, failureSchema} from './query-failure.ts';
import type {Routes} from './routes.ts';

const params = {
  type: 'object',
  required: ['topic', 'key'],
  properties: {
    topic: {type: 'string', description: 'A topic or a table that the topology writes.'},
    key: {type: 'string', description: 'Text as it is; other keys as JSON, `{"id":"c1"}`.'},
  },
} as const;

/** A tree: `src/streams/runtime/queries/lineage-answer.ts` says what its nodes are. */
const node = {type: ['object', 'null'], additionalProperties: true} as const;

const answer = {
  type: 'object',
  required: ['topic', 'key', 'records', 'waiting', 'notes'],
  properties: {
    topic: {type: 'string'},
    key: {},
    records: {
      type: 'array',
      items: {
        type: 'object',
        required: ['partition', 'value', 'warehouse', 'lineage'],
        properties: {
          partition: {type: 'integer'},
          offset: {type: 'integer'},
          value: {},
          warehouse: {
            type: 'array',
            items: {
              type: 'object',
              properties: {
                sink: {type: 'string'},
                table: {type: 'string'},
                partition: {type: 'integer'},
                offset: {type: 'integer'},
              },
            },
          },
          lineage: node,
        },
      },
    },
    waiting: {
      type: 'array',
      items: {
        type: 'object',
        required: ['for', 'value', 'lineage'],
        properties: {
          for: {
            type: 'object',
            required: ['table', 'key'],
            properties: {table: {type: 'string'}, key: {}},
          },
          value: {},
          lineage: node,
        },
      },
    },
    notes: {type: 'array', items: {type: 'string'}},
  },
} as const;

interface LineageRequest {
  readonly Params: {readonly topic: string; readonly key: string};
}

interface LineageDeps {
  readonly queries: LineageQueries;
}

/** `/api/lineage/<topic>/<key>`: where what is written under a key comes from, or what it waits for. */
export function lineageRoutes({queries}: LineageDeps): Routes {
  return (server) => {
    void server.register((scope, _options, done) => {
      scope.setErrorHandler((error, _request, reply) => answerFailure(error as never, reply));
      scope.get<LineageRequest>(
        '/api/lineage/:topic/:key',
        {
          schema: {
            summary: 'Where a record comes from',
            params,
            response: {200: answer, 400: failureSchema, 404: failureSchema, 503: failureSchema},
          },
        },
        async ({params: {topic, key}, headers}) => queries.of(topic, key, headers),
      );
      done();
    });
  };
}
