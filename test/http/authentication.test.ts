import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, afterEach, describe, expect, test} from 'vitest';
import {apiRoutes} from '../../src/http/api-routes.ts';
import type {ApiDeps} from '../../src/http/api-routes.ts';
import {pageRoutes} from '../../src/http/page-routes.ts';
import {startHttp} from '../../src/http/start-http.ts';
import type {HttpServer} from '../../src/http/start-http.ts';

const TOKEN = 'tok-of-this.service_1';

const folder = mkdtempSync(join(tmpdir(), 'millrace-page-'));
writeFileSync(join(folder, 'index.html'), '<!doctype html>');
afterAll(() => rmSync(folder, {recursive: true}));

let server: HttpServer | undefined;
afterEach(() => server?.close());

async function start(token?: string): Promise<void> {
  const deps = {
    reasons: () => [],
    warnings: () => [],
    status: () => ({components: {}, logEnds: {}, conditions: []}),
    metrics: async () => 'millrace_up 1\n',
    topology: {describe: () => 'sub-topology 0', toMermaid: () => '', toJSON: () => ({})},
    tableQueries: {tables: () => []},
  } as unknown as ApiDeps;
  server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    token,
    routes: [...apiRoutes(deps), await pageRoutes(folder)],
  });
}

function get(path: string, authorization?: string): Promise<Response> {
  return fetch(`${server?.url}${path}`, {
    headers: authorization === undefined ? {} : {authorization},
  });
}

async function paths(): Promise<readonly string[]> {
  const response = await get('/api/openapi.json', `Bearer ${TOKEN}`);
  const {paths: found} = (await response.json()) as {paths: object};
  return Object.keys(found).map((path) => path.replaceAll(/\{\w+\}/g, 'x'));
}

describe('requireToken', () => {
  test('lets only health and the files of the page be asked without the token', async () => {
    await start(TOKEN);
    const asked = [...(await paths()), '/api/openapi.json', '/', '/no-such-route'];

    const statuses = await Promise.all(
      asked.map(async (path) => [path, (await get(path)).status] as const),
    );

    const open = statuses.filter(([, status]) => status !== 401);
    expect(open).toEqual([
      ['/healthz', 200],
      ['/readyz', 200],
      ['/', 200],
    ]);
    expect(statuses.length).toBeGreaterThan(15);
  });

  test.each(['/api/status', '/metrics', '/topology', '/api/tables'])(
    'answers %s to who has the token',
    async (path) => {
      await start(TOKEN);

      expect((await get(path, `Bearer ${TOKEN}`)).status).toBe(200);
      expect((await get(path, `bearer  ${TOKEN} `)).status).toBe(200);
    },
  );

  test.each([
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Bearer ${TOKEN.toUpperCase()}`,
    'Bearer x',
  ])('refuses a token that is another one: %s', async (authorization) => {
    await start(TOKEN);

    const response = await get('/api/status', authorization);

    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer realm="millrace", error="invalid_token"',
    );
    expect(await response.json()).toEqual({
      error: 'This is not the http.auth.token of the service.',
      code: 'UNAUTHORIZED',
    });
  });

  test.each([undefined, '', 'Bearer', `Basic ${TOKEN}`, TOKEN, `Bearer ${TOKEN} ${TOKEN}`])(
    'asks for the token where there is none: %s',
    async (authorization) => {
      await start(TOKEN);

      const response = await get('/api/status', authorization);

      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="millrace"');
      expect(await response.json()).toMatchObject({code: 'UNAUTHORIZED'});
    },
  );

  test('wants none where none is set', async () => {
    await start();

    expect((await get('/api/status')).status).toBe(200);
    expect((await get('/no-such-route')).status).toBe(404);
  });
});
