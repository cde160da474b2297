import {readFileSync} from 'node:fs';
import {Validator} from '@seriousme/openapi-schema-validator';
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {openApiDocument} from '../../scripts/open-api-docs.ts';
import {RetriableError} from '../../src/common/errors.ts';
import {apiRoutes} from '../../src/http/api-routes.ts';
import {MAX_WATCHERS} from '../../src/http/limits.ts';
import {startHttp} from '../../src/http/start-http.ts';
import type {HttpServer} from '../../src/http/start-http.ts';
import {QueryError} from '../../src/streams/runtime/queries/query-error.ts';
import {until} from '../support/until.ts';
import {AnsweringApi} from './answering-api.ts';
import {differences} from './described-answer.ts';
import type {Described} from './described-answer.ts';

const TOKEN = 'token-of-a-test';

const api = new AnsweringApi();
beforeEach(() => {
  api.failure = undefined;
});

let server: HttpServer;
let described: Described;
beforeAll(async () => {
  const routes = apiRoutes(api.deps);
  server = await startHttp({host: '127.0.0.1', port: 0, version: '1.2.3', token: TOKEN, routes});
  described = (await (await ask('/api/openapi.json')).json()) as Described;
});
afterAll(() => server.close());

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${server.url}${path}`, {headers: {authorization: `Bearer ${TOKEN}`}, ...init});
}

const unknown = new QueryError('not-found', 'ROW_NOT_FOUND', 'There is none.');
const invalid = new QueryError('invalid', 'KEY_INVALID', 'It is no key.');
const busy = new QueryError('unavailable', 'REBALANCING', 'Ask again.');
const retriable = new RetriableError('KAFKA_UNREACHABLE', 'No broker answers.');
const broken = new Error('Nobody foresaw this.');

const queryFailures: readonly (readonly [number, Error])[] = [
  [400, invalid],
  [404, unknown],
  [503, busy],
  [500, broken],
];

/** By route: a path that asks it, and what it answers when what it asks fails. */
const routes: Readonly<Record<string, readonly [string, readonly (readonly [number, Error])[]]>> = {
  '/healthz': ['/healthz', []],
  '/readyz': ['/readyz', [[503, broken]]],
  '/api/status': ['/api/status', [[500, broken]]],
  '/metrics': ['/metrics', [[500, broken]]],
  '/topology': ['/topology', [[500, broken]]],
  '/api/tables': [
    '/api/tables',
    [
      [503, busy],
      [500, broken],
    ],
  ],
  '/api/tables/{table}/{key}': ['/api/tables/t/a', queryFailures],
  '/api/tables/{table}': ['/api/tables/t', queryFailures],
  '/internal/stores/{store}': ['/internal/stores/t?partitions=0&limit=1', queryFailures],
  '/api/lineage/{topic}/{key}': ['/api/lineage/orders/o1', queryFailures],
  '/api/pipeline/graph': ['/api/pipeline/graph', [[500, broken]]],
  '/api/pipeline/history': ['/api/pipeline/history', [[500, broken]]],
  '/api/pipeline/snapshot': ['/api/pipeline/snapshot', [[500, broken]]],
  '/api/events': ['/api/events', []],
  '/api/topics/{topic}/records': [
    '/api/topics/orders/records',
    [
      [503, retriable],
      [500, broken],
    ],
  ],
};

/** What else is answered, by the request itself. */
const otherAnswers: readonly (readonly [route: string, path: string, status: number])[] = [
  ['/topology', '/topology?format=mermaid', 200],
  ['/topology', '/topology?format=json', 200],
  ['/topology', '/topology?format=dot', 400],
  ['/api/topics/{topic}/records', '/api/topics/orders/records?limit=0', 400],
  ['/api/topics/{topic}/records', '/api/topics/secrets/records', 404],
];

/** Every answer of every route that a test below gets. */
const answers = Object.entries(routes).flatMap(([route, [path, failures]]) => [
  {route, path, status: 200, cause: undefined, isRefused: false},
  ...failures.map(([status, cause]) => ({route, path, status, cause, isRefused: false})),
  ...(['/healthz', '/readyz'].includes(route)
    ? []
    : [{route, path, status: 401, cause: undefined, isRefused: true}]),
]);

describe('/api/openapi.json', () => {
  test('is what stands in docs/openapi.json; `npm run docs` writes it', async () => {
    const file = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as unknown;

    expect(file).toEqual(await openApiDocument());
  });

  test('is OpenAPI 3.1', async () => {
    const {valid, errors} = await new Validator().validate(
      structuredClone(described) as unknown as Record<string, unknown>,
    );

    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
  });

  test('names every route that the server has, each with GET alone', () => {
    expect(Object.keys(described.paths).toSorted()).toEqual(Object.keys(routes).toSorted());
    for (const methods of Object.values(described.paths))
      expect(Object.keys(methods)).toEqual(['get']);
  });

  test('says which routes want no token', () => {
    const open = Object.entries(described.paths).filter(([, {get}]) => get?.security !== undefined);

    expect(open.map(([path, {get}]) => [path, get?.security])).toEqual([
      ['/healthz', []],
      ['/readyz', []],
    ]);
    expect(described).toMatchObject({
      openapi: '3.1.0',
      components: {securitySchemes: {token: {type: 'http', scheme: 'bearer'}}},
      security: [{token: []}],
    });
  });

  test('describes no answer that is not tried below', () => {
    const tried = new Set([
      ...answers.map(({route, status}) => `${route} ${status}`),
      ...otherAnswers.map(([route, , status]) => `${route} ${status}`),
      '/api/events 503',
    ]);
    const documented = Object.entries(described.paths).flatMap(([route, {get}]) =>
      Object.keys(get?.responses ?? {}).map((status) => `${route} ${status}`),
    );

    expect(documented.filter((each) => !tried.has(each))).toEqual([]);
  });

  test.each(answers)(
    'says what $route answers with $status',
    async ({route, path, status, cause, isRefused}) => {
      api.failure = cause;

      const response = await ask(path, isRefused ? {headers: {}} : {});

      expect(response.status).toBe(status);
      expect(await differences(response, described, route)).toEqual([]);
    },
  );

  test.each(otherAnswers)('says of %s what %s answers, %d', async (route, path, status) => {
    const response = await ask(path);

    expect(response.status).toBe(status);
    expect(await differences(response, described, route)).toEqual([]);
  });

  test('says that too many look on', async () => {
    const watchers = await Promise.all(
      Array.from({length: MAX_WATCHERS}, () => ask('/api/events')),
    );

    const response = await ask('/api/events');

    expect(response.status).toBe(503);
    expect(await differences(response, described, '/api/events')).toEqual([]);
    await Promise.all(watchers.map(async ({body}) => body?.cancel()));
    await until('they have gone', async () => {
      const {status, body} = await ask('/api/events');
      await body?.cancel();
      return status === 200;
    });
  }, 60_000);
});

describe('/api/events', () => {
  test('tells the graph and the history at once, and the first snapshot', async () => {
    const response = await ask('/api/events');
    const reader = response.body?.getReader();
    let text = '';
    while (!text.includes('event: snapshot')) {
      const {value = new Uint8Array(), done = true} = (await reader?.read()) ?? {};
      text += Buffer.from(value).toString();
      if (done) break;
    }
    await reader?.cancel();

    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(text.match(/^event: .*$/gm)).toEqual([
      'event: graph',
      'event: history',
      'event: snapshot',
    ]);
    expect(text).toContain('"code":"KAFKA_UNREACHABLE"');
  });
});
