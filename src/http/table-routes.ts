import type {TableQueries} from '../streams/runtime/queries/table-queries.ts';
import {failureSchema} from './failure.ts';
import {MAX_KEY_LENGTH, MAX_NAME_LENGTH} from './limits.ts';
import type {Routes} from './routes.ts';

/** Rows of one answer at most. */
const MAX_ROWS = 1000;

const failures = {400: failureSchema, 404: failureSchema, 503: failureSchema};

const tableParams = {
  type: 'object',
  required: ['table'],
  properties: {
    table: {
      type: 'string',
      maxLength: MAX_NAME_LENGTH,
      description: 'Its name in the topology, `customers`.',
    },
  },
} as const;

const rowParams = {
  type: 'object',
  required: ['table', 'key'],
  properties: {
    ...tableParams.properties,
    key: {
      type: 'string',
      maxLength: MAX_KEY_LENGTH,
      description: 'Text as it is; other keys as JSON, `{"id":"c1"}`.',
    },
  },
} as const;

const rangeQuery = {
  type: 'object',
  additionalProperties: false,
  properties: {
    from: {
      type: 'string',
      maxLength: MAX_KEY_LENGTH,
      description: 'The first key; without it, from the start.',
    },
    to: {
      type: 'string',
      maxLength: MAX_KEY_LENGTH,
      description: 'The last key; without it, to the end.',
    },
    limit: {type: 'integer', minimum: 1, maximum: MAX_ROWS, default: 100},
  },
} as const;

const row = {type: 'object', additionalProperties: true} as const;

const tablesAnswer = {
  type: 'object',
  additionalProperties: false,
  required: ['tables'],
  properties: {
    tables: {
      type: 'array',
      items: {
        type: 'object',
        required: ['table', 'partitions', 'key', 'columns'],
        additionalProperties: false,
        properties: {
          table: {type: 'string'},
          partitions: {type: 'integer'},
          key: {...row, description: '`{"type":"VARCHAR"}`, or the types of its columns.'},
          columns: {...row, description: 'Types by name.'},
        },
      },
    },
  },
} as const;

const rowAnswer = {
  type: 'object',
  additionalProperties: false,
  required: ['table', 'key', 'row', 'topic', 'partition', 'offset'],
  properties: {
    table: {type: 'string'},
    key: {},
    row: {...row, description: 'int64 and decimals are text, bytes are base64.'},
    topic: {type: 'string', description: 'The topic that backs the table up.'},
    partition: {type: 'integer'},
    offset: {
      type: 'integer',
      description: 'Everything before it in that partition of the topic is in the answer.',
    },
  },
} as const;

const rangeAnswer = {
  type: 'object',
  additionalProperties: false,
  required: ['table', 'rows', 'next'],
  properties: {
    table: {type: 'string'},
    rows: {
      type: 'array',
      items: {
        type: 'object',
        required: ['key', 'row'],
        additionalProperties: false,
        properties: {key: {}, row},
      },
    },
    next: {
      type: ['string', 'null'],
      description: '`from` of the next request; null where nothing is left.',
    },
  },
} as const;

interface RowRequest {
  readonly Params: {readonly table: string; readonly key: string};
}

interface RangeRequest {
  readonly Params: {readonly table: string};
  readonly Querystring: {readonly from?: string; readonly to?: string; readonly limit: number};
}

interface TableDeps {
  readonly tableQueries: Pick<TableQueries, 'tables' | 'get' | 'range'>;
}

/** Pull queries: `/api/tables`, `/api/tables/<table>/<key>` and `/api/tables/<table>?from=&to=&limit=`. */
export function tableRoutes({tableQueries}: TableDeps): Routes {
  return (server) => {
    server.get(
      '/api/tables',
      {
        schema: {
          summary: 'The tables that can be asked',
          response: {200: tablesAnswer, 503: failureSchema},
        },
      },
      () => ({tables: tableQueries.tables()}),
    );
    server.get<RowRequest>(
      '/api/tables/:table/:key',
      {
        schema: {
          summary: 'The row of a key, as it is committed',
          params: rowParams,
          response: {200: rowAnswer, ...failures},
        },
      },
      ({params, headers}) => tableQueries.get(params.table, params.key, headers),
    );
    server.get<RangeRequest>(
      '/api/tables/:table',
      {
        schema: {
          summary: 'The rows of a table, in the order of their serialized keys',
          params: tableParams,
          querystring: rangeQuery,
          response: {200: rangeAnswer, ...failures},
        },
      },
      ({params, query, headers}) => tableQueries.range(params.table, query, headers),
    );
  };
}
