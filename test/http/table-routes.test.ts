import {afterEach, describe, expect, test} from 'vitest';
import {startHttp} from '../../src/http/start-http.ts';
import type {HttpServer} from '../../src/http/start-http.ts';
import {tableRoutes} from '../../src/http/table-routes.ts';
import {QueryError} from '../../src/streams/runtime/queries/query-error.ts';
import type {TableQueries} from '../../src/streams/runtime/queries/table-queries.ts';

let server: HttpServer | undefined;
afterEach(() => server?.close());

/** What the routes were asked to find. */
let asked: readonly unknown[];

async function start(answers: Partial<Record<'get' | 'range' | 'tables', () => unknown>>) {
  const tableQueries = {
    tables: () => answers.tables?.(),
    get: async (...request: unknown[]) => {
      asked = request.slice(0, 2);
      return answers.get?.();
    },
    range: async (...request: unknown[]) => {
      asked = request.slice(0, 2);
      return answers.range?.();
    },
  } as unknown as TableQueries;
  server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    routes: [tableRoutes({tableQueries})],
  });
}

async function get(path: string): Promise<{status: number; body: unknown}> {
  const response = await fetch(`${server?.url}${path}`);
  return {status: response.status, body: await response.json()};
}

const found = {
  table: 'customers',
  key: {id: 'c1'},
  row: {email: null, spent: '9007199254740993', tags: ['a']},
  topic: 'customers',
  partition: 3,
  offset: 7,
};

describe('tableRoutes', () => {
  test('answers a row with everything that is in it', async () => {
    await start({get: () => found});

    expect(await get('/api/tables/customers/c1')).toEqual({status: 200, body: found});
    expect(asked).toEqual(['customers', 'c1']);
  });

  test.each([
    ['a slash', 'a/b'],
    ['a STRUCT', '{"id":"c 1","line":7}'],
    ['a percent sign', '100%'],
    ['8000 characters', 'x'.repeat(8000)],
  ])('takes a key with %s', async (_what, key) => {
    await start({get: () => found});

    const {status} = await get(`/api/tables/customers/${encodeURIComponent(key)}`);

    expect(status).toBe(200);
    expect(asked).toEqual(['customers', key]);
  });

  test('asks for 100 rows where nobody says how many', async () => {
    const rows = {table: 'customers', rows: [{key: 'c1', row: {email: null}}], next: null};
    await start({range: () => rows});

    expect(await get('/api/tables/customers')).toEqual({status: 200, body: rows});
    expect(asked).toEqual(['customers', {limit: 100}]);
    await get('/api/tables/customers?from=a&to=b&limit=1000');
    expect(asked).toEqual(['customers', {from: 'a', to: 'b', limit: 1000}]);
  });

  test.each(['limit=0', 'limit=1001', 'limit=ten', 'limit=1.5'])(
    'refuses %s, and says so',
    async (query) => {
      await start({range: () => ({})});

      expect(await get(`/api/tables/customers?${query}`)).toEqual({
        status: 400,
        body: {error: expect.stringContaining('limit'), code: 'REQUEST_INVALID'},
      });
    },
  );

  test.each([
    ['invalid', 'KEY_INVALID', 400],
    ['not-found', 'ROW_NOT_FOUND', 404],
    ['unavailable', 'RESTORING', 503],
  ] as const)('answers what is %s with its reason', async (fate, code, status) => {
    await start({
      get: () => {
        throw new QueryError(fate, code, 'There is a reason.');
      },
    });

    expect(await get('/api/tables/customers/c1')).toEqual({
      status,
      body: {error: 'There is a reason.', code},
    });
  });

  test('says that something has failed, and serves on', async () => {
    await start({
      get: () => {
        throw new Error('the disk is gone');
      },
      tables: () => [],
    });

    expect((await get('/api/tables/customers/c1')).status).toBe(500);
    expect(await get('/api/tables')).toEqual({status: 200, body: {tables: []}});
  });
});
