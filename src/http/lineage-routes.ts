import type {LineageQueries} from '../streams/runtime/queries/lineage-queries.ts';
import {failureSchema} from './failure.ts';
import {MAX_KEY_LENGTH, MAX_NAME_LENGTH} from './limits.ts';
import type {Routes} from './routes.ts';

const params = {
  type: 'object',
  required: ['topic', 'key'],
  properties: {
    topic: {
      type: 'string',
      maxLength: MAX_NAME_LENGTH,
      description: 'A topic or a table that the topology writes.',
    },
    key: {
      type: 'string',
      maxLength: MAX_KEY_LENGTH,
      description: 'Text as it is; other keys as JSON, `{"id":"c1"}`.',
    },
  },
} as const;

const textOrNull = {type: ['string', 'null']} as const;

const change = {
  type: ['object', 'null'],
  description: 'A change as its source has it.',
  required: ['source', 'lsn', 'ordinal', 'isSnapshot', 'table', 'key', 'committedAt', 'event'],
  additionalProperties: false,
  properties: {
    source: textOrNull,
    lsn: textOrNull,
    ordinal: {type: ['integer', 'null'], description: 'Within its transaction, from 1.'},
    isSnapshot: {type: 'boolean'},
    table: textOrNull,
    key: {},
    committedAt: {type: 'string'},
    event: {description: 'The change event as it stands in its topic; null where that is gone.'},
  },
} as const;

const step = {
  oneOf: [
    {
      type: 'object',
      required: ['kind', 'topic', 'partition', 'offset', 'at', 'tookMs'],
      additionalProperties: false,
      properties: {
        kind: {const: 'read'},
        topic: {type: 'string'},
        partition: {type: 'integer'},
        offset: {type: 'integer'},
        at: {type: 'string'},
        tookMs: {type: 'number'},
      },
    },
    {
      type: 'object',
      required: ['kind', 'table', 'waitedMs', 'row'],
      additionalProperties: false,
      properties: {
        kind: {const: 'join'},
        table: {type: 'string'},
        waitedMs: {type: ['number', 'null']},
        row: {type: ['object', 'null'], description: 'The lineage of the row, a node as this.'},
      },
    },
  ],
} as const;

/** As `LineageNode` of `src/streams/runtime/queries/lineage-answer.ts`. */
const node = {
  type: ['object', 'null'],
  required: ['change', 'steps', 'at', 'isTruncated'],
  additionalProperties: false,
  properties: {
    change,
    steps: {type: 'array', items: step},
    at: textOrNull,
    isTruncated: {type: 'boolean'},
  },
} as const;

const answer = {
  type: 'object',
  required: ['topic', 'key', 'records', 'waiting', 'notes'],
  additionalProperties: false,
  properties: {
    topic: {type: 'string'},
    key: {},
    records: {
      type: 'array',
      items: {
        type: 'object',
        required: ['partition', 'value', 'warehouse', 'lineage'],
        additionalProperties: false,
        properties: {
          partition: {type: 'integer'},
          offset: {type: 'integer'},
          value: {},
          warehouse: {
            type: 'array',
            items: {
              type: 'object',
              required: ['sink', 'table', 'partition', 'offset'],
              additionalProperties: false,
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
        additionalProperties: false,
        properties: {
          for: {
            type: 'object',
            required: ['table', 'key'],
            additionalProperties: false,
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
  readonly lineageQueries: Pick<LineageQueries, 'of'>;
}

/** `/api/lineage/<topic>/<key>`: where what is written under a key comes from, or what it waits for. */
export function lineageRoutes({lineageQueries}: LineageDeps): Routes {
  return (server) => {
    server.get<LineageRequest>(
      '/api/lineage/:topic/:key',
      {
        schema: {
          summary: 'Where a record comes from',
          params,
          response: {200: answer, 400: failureSchema, 404: failureSchema, 503: failureSchema},
        },
      },
      async ({params: {topic, key}, headers}) => lineageQueries.of(topic, key, headers),
    );
  };
}
