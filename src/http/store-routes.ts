import type {StoreReader} from '../streams/runtime/queries/store-reader.ts';
import type {StoredRows, StoredRowsRequest} from '../streams/runtime/queries/stored-rows.ts';
import {failureSchema} from './failure.ts';
import {MAX_KEY_LENGTH, MAX_NAME_LENGTH} from './limits.ts';
import type {Routes} from './routes.ts';

/** Where one instance asks another for rows of a store. */
const STORE_ROWS_PATH = '/internal/stores';

/** More than any route asks for: one row behind a page tells that there is another one. */
const MAX_ROWS = 1001;

/** As text, `0,1,2`: more than `num.partitions` allows. */
const MAX_PARTITIONS_LENGTH = 8192;

const base64 = {type: 'string', pattern: '^[A-Za-z0-9_-]*$'} as const;

/** A key of {@link MAX_KEY_LENGTH} is not longer in base64 than the head of a request. */
const keyBytes = {...base64, maxLength: 2 * MAX_KEY_LENGTH} as const;

const storeParams = {
  type: 'object',
  required: ['store'],
  properties: {store: {type: 'string', maxLength: MAX_NAME_LENGTH}},
} as const;

const rowsQuery = {
  type: 'object',
  additionalProperties: false,
  required: ['partitions', 'limit'],
  properties: {
    partitions: {type: 'string', pattern: '^\\d+(,\\d+)*$', maxLength: MAX_PARTITIONS_LENGTH},
    from: keyBytes,
    to: keyBytes,
    limit: {type: 'integer', minimum: 1, maximum: MAX_ROWS},
  },
} as const;

const rowsAnswer = {
  type: 'object',
  additionalProperties: false,
  required: ['rows', 'offsets'],
  properties: {
    rows: {
      type: 'array',
      items: {
        type: 'object',
        required: ['partition', 'key', 'value'],
        additionalProperties: false,
        properties: {partition: {type: 'integer'}, key: base64, value: base64},
      },
    },
    offsets: {type: 'object', additionalProperties: {type: 'integer'}},
  },
} as const;

interface RowsRequest {
  readonly Params: {readonly store: string};
  readonly Querystring: {
    readonly partitions: string;
    readonly from?: string;
    readonly to?: string;
    readonly limit: number;
  };
}

/** The wire form of {@link StoredRows}; bytes are base64url. */
export interface StoredRowsJson {
  readonly rows: readonly {
    readonly partition: number;
    readonly key: string;
    readonly value: string;
  }[];
  readonly offsets: Readonly<Record<string, number>>;
}

interface StoreDeps {
  readonly reader: Pick<StoreReader, 'local'>;
}

/** What this instance has of a store, for the other instances: answered from here or not at all, so that no request goes round. */
export function storeRoutes({reader}: StoreDeps): Routes {
  return (server) => {
    server.get<RowsRequest>(
      `${STORE_ROWS_PATH}/:store`,
      {
        schema: {
          summary: 'Rows of a store as bytes, for other instances',
          params: storeParams,
          querystring: rowsQuery,
          response: {200: rowsAnswer, 400: failureSchema, 404: failureSchema, 503: failureSchema},
        },
      },
      async ({params: {store}, query: {partitions, from, to, limit}}) =>
        encodeRows(
          await reader.local({
            store,
            partitions: partitions.split(',').map(Number),
            from: from === undefined ? undefined : Buffer.from(from, 'base64url'),
            to: to === undefined ? undefined : Buffer.from(to, 'base64url'),
            limit,
          }),
        ),
    );
  };
}

/** The path and query that ask for these rows. */
export function storeRowsPath({store, partitions, from, to, limit}: StoredRowsRequest): string {
  const query = new URLSearchParams({partitions: partitions.join(','), limit: String(limit)});
  if (from !== undefined) query.set('from', from.toString('base64url'));
  if (to !== undefined) query.set('to', to.toString('base64url'));
  return `${STORE_ROWS_PATH}/${encodeURIComponent(store)}?${query.toString()}`;
}

function encodeRows({rows, offsets}: StoredRows): StoredRowsJson {
  return {
    rows: rows.map(({partition, key, value}) => ({
      partition,
      key: key.toString('base64url'),
      value: value.toString('base64url'),
    })),
    offsets: Object.fromEntries(offsets),
  };
}

export function decodeRows({rows, offsets}: StoredRowsJson): StoredRows {
  return {
    rows: rows.map(({partition, key, value}) => ({
      partition,
      key: Buffer.from(key, 'base64url'),
      value: Buffer.from(value, 'base64url'),
    })),
    offsets: new Map(
      Object.entries(offsets).map(([partition, offset]) => [Number(partition), offset]),
    ),
  };
}
