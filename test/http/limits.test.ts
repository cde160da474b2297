import {once} from 'node:events';
import {connect} from 'node:net';
import type {Socket} from 'node:net';
import {text} from 'node:stream/consumers';
import {afterEach, describe, expect, test} from 'vitest';
import {apiRoutes} from '../../src/http/api-routes.ts';
import type {ApiDeps} from '../../src/http/api-routes.ts';
import {httpLimits, MAX_WATCHERS} from '../../src/http/limits.ts';
import type {HttpLimits} from '../../src/http/limits.ts';
import {startHttp} from '../../src/http/start-http.ts';
import type {HttpServer} from '../../src/http/start-http.ts';
import {until} from '../support/until.ts';

let server: HttpServer;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close();
});

async function start(limits: Partial<HttpLimits> = {}): Promise<void> {
  const deps = {
    reasons: () => [],
    warnings: () => [],
    monitor: {watch: () => () => undefined},
    topics: () => new Set(['orders']),
    tail: () => Promise.resolve([]),
    tableQueries: {get: () => ({}), range: () => ({})},
    reader: {local: () => ({rows: [], offsets: new Map()})},
    lineageQueries: {of: () => ({})},
  } as unknown as ApiDeps;
  server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    routes: apiRoutes(deps),
    limits: {...httpLimits, ...limits},
  });
}

/** A connection that has said this much and no more. */
function open(said: string): Socket {
  const {hostname, port} = new URL(server.url);
  const socket = connect({host: hostname, port: Number(port)});
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.write(said);
  return socket;
}

async function statusOf(path: string, init?: RequestInit): Promise<number> {
  const response = await fetch(`${server.url}${path}`, init);
  await response.text();
  return response.status;
}

function post(length: number): RequestInit {
  return {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: `"${'x'.repeat(length - 2)}"`,
  };
}

async function watch(): Promise<{readonly status: number; readonly stop: AbortController}> {
  const stop = new AbortController();
  const {status} = await fetch(`${server.url}/api/events`, {signal: stop.signal});
  return {status, stop};
}

describe('httpLimits', () => {
  test('takes no body of more than a kilobyte', async () => {
    await start();
    expect(await statusOf('/api/status', post(httpLimits.bodyBytes))).toBe(404);
    expect(await statusOf('/api/status', post(httpLimits.bodyBytes + 1))).toBe(413);
  });

  test('takes no head of more than 16 KiB', async () => {
    await start();

    expect(await statusOf('/healthz', {headers: {a: 'x'.repeat(15_000)}})).toBe(200);
    expect(await statusOf('/healthz', {headers: {a: 'x'.repeat(17_000)}})).toBe(431);
  });

  test('cuts off who does not finish a head', async () => {
    await start({headTimeoutMs: 20, timeoutCheckMs: 10});

    const answer = await text(open('GET /healthz HTTP/1.1\r\nhost: x\r\n'));

    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('cuts off who does not finish a body', async () => {
    await start({headTimeoutMs: 20, requestTimeoutMs: 30, timeoutCheckMs: 10});

    const answer = await text(
      open(
        'POST /x HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n1',
      ),
    );

    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('has so many connections open and no more', async () => {
    await start({connections: 1});
    const first = open('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(first, 'data');

    const second = open('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');

    expect(await text(second).catch(() => 'cut off')).toMatch(/^(cut off)?$/);
    first.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(String((await once(first, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('lets a hundred look on, and one more when one has gone', async () => {
    await start();
    const watchers = await Promise.all(Array.from({length: MAX_WATCHERS}, watch));

    expect(new Set(watchers.map(({status}) => status))).toEqual(new Set([200]));
    expect((await watch()).status).toBe(503);
    watchers[0]?.stop.abort();
    await until('there is room again', async () => (await watch()).status === 200);
  }, 60_000);

  test.each([
    ['/api/topics/orders/records?limit=100', 200],
    ['/api/topics/orders/records?limit=101', 400],
    ['/api/tables/customers?limit=1000', 200],
    ['/api/tables/customers?limit=1001', 400],
    ['/internal/stores/customers?partitions=0&limit=1001', 200],
    ['/internal/stores/customers?partitions=0&limit=1002', 400],
  ])('counts the rows that are asked for: %s', async (path, status) => {
    await start();

    expect(await statusOf(path)).toBe(status);
  });

  const name = 'n'.repeat(249);
  const key = 'k'.repeat(8192);
  test.each([
    ['/api/tables/', name, '/a'],
    ['/api/tables/', name, ''],
    ['/internal/stores/', name, '?partitions=0&limit=1'],
    ['/api/lineage/', name, '/a'],
    ['/api/tables/a?from=', key, ''],
    ['/api/tables/a?to=', key, ''],
    ['/internal/stores/a?partitions=0&limit=1&from=', 'k'.repeat(16_000), ''],
  ])('takes names and keys that can be: %s', async (before, longest, after) => {
    await start();

    expect(await statusOf(`${before}${longest}${after}`)).toBe(200);
  });

  test.each([
    ['/api/tables/', name, '/a'],
    ['/api/tables/', name, ''],
    ['/internal/stores/', name, '?partitions=0&limit=1'],
    ['/api/lineage/', name, '/a'],
    ['/api/topics/', name, '/records'],
    ['/api/tables/a?from=', key, ''],
    ['/api/tables/a?to=', key, ''],
    ['/internal/stores/a?limit=1&partitions=0', ',1'.repeat(4096), ''],
  ])('refuses names and keys that are too long: %s', async (before, longest, after) => {
    await start();

    expect(await statusOf(`${before}${longest}x${after}`)).toBe(400);
  });

  test('has no room in a path for a longer key', async () => {
    await start();

    expect(await statusOf(`/api/tables/a/${key}`)).toBe(200);
    expect(await statusOf(`/api/tables/a/${key}k`)).toBe(414);
  });
});
