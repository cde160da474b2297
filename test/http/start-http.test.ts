import {EventEmitter, once} from 'node:events';
import {createServer} from 'node:net';
import type {AddressInfo, Server} from 'node:net';
import {afterEach, describe, expect, test} from 'vitest';
import {healthRoutes} from '../../src/http/health-routes.ts';
import {metricsRoutes} from '../../src/http/metrics-routes.ts';
import {startHttp} from '../../src/http/start-http.ts';
import type {HttpServer} from '../../src/http/start-http.ts';
import {statusRoutes} from '../../src/http/status-routes.ts';
import {topologyRoutes} from '../../src/http/topology-routes.ts';

const topology = {
  describe: () => 'sub-topology 0',
  toMermaid: () => 'flowchart LR',
  toJSON: () => ({subTopologies: []}),
};

let server: HttpServer | undefined;
let blocker: Server | undefined;

afterEach(async () => {
  await server?.close();
  blocker?.close();
  server = undefined;
  blocker = undefined;
});

interface Served {
  readonly host: string;
  readonly port: number;
  readonly status: () => object | Promise<object>;
  readonly reasons: () => readonly string[];
  readonly warnings: () => readonly string[];
  readonly metrics: () => Promise<string>;
}

async function start(options: Partial<Served> = {}): Promise<HttpServer> {
  const {host = '127.0.0.1', port = 0} = options;
  const {status = () => ({}), metrics = async () => ''} = options;
  const {reasons = () => [], warnings = () => []} = options;
  server = await startHttp({
    host,
    port,
    routes: [
      healthRoutes({reasons, warnings}),
      statusRoutes({status}),
      metricsRoutes({metrics}),
      topologyRoutes({topology}),
    ],
  });
  return server;
}

async function get(path: string): Promise<{status: number; type: string | null; body: string}> {
  const response = await fetch(`${server?.url}${path}`);
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: await response.text(),
  };
}

describe('startHttp', () => {
  test('listens on the address that was asked for, and says which port it got', async () => {
    const {url} = await start();

    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    expect((await get('/healthz')).status).toBe(200);
  });

  test('is alive also while it is not ready', async () => {
    await start({reasons: () => ['starting']});

    expect(await get('/healthz')).toMatchObject({status: 200, body: '{"alive":true}'});
  });

  test('is ready when nothing speaks against it, and says what does otherwise', async () => {
    let reasons = ['source camel is starting', 'SINK_UNREACHABLE (sink local): locked'];
    await start({reasons: () => reasons, warnings: () => ['little room is left']});

    const before = await get('/readyz');
    reasons = [];
    const after = await get('/readyz');

    expect(before.status).toBe(503);
    expect(JSON.parse(before.body)).toEqual({
      ready: false,
      reasons: ['source camel is starting', 'SINK_UNREACHABLE (sink local): locked'],
      warnings: ['little room is left'],
    });
    expect(after.status).toBe(200);
    expect(JSON.parse(after.body)).toEqual({
      ready: true,
      reasons: [],
      warnings: ['little room is left'],
    });
  });

  test('hands out the metrics in the content type that Prometheus asks for', async () => {
    await start({metrics: async () => 'millrace_sink_rows_total 1\n'});

    expect(await get('/metrics')).toEqual({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      body: 'millrace_sink_rows_total 1\n',
    });
  });

  test.each([
    ['', 'text/plain; charset=utf-8', 'sub-topology 0'],
    ['?format=text', 'text/plain; charset=utf-8', 'sub-topology 0'],
    ['?format=mermaid', 'text/plain; charset=utf-8', 'flowchart LR'],
    ['?format=json', 'application/json; charset=utf-8', '{"subTopologies":[]}'],
  ])('prints the topology for /topology%s', async (query, type, body) => {
    await start();

    expect(await get(`/topology${query}`)).toEqual({status: 200, type, body});
  });

  test.each([
    ['?format=dot', 'must be equal to one of the allowed values: text, mermaid, json'],
    ['?format=', 'must be equal to one of the allowed values: text, mermaid, json'],
    ['?format=text&format=json', 'must be string'],
  ])('refuses /topology%s', async (query, reason) => {
    await start();

    const {status, body} = await get(`/topology${query}`);

    expect(status).toBe(400);
    expect(JSON.parse(body)).toEqual({
      error: `querystring/format ${reason}`,
      code: 'REQUEST_INVALID',
    });
  });

  test('answers the status of the moment', async () => {
    let lag = 1;
    await start({status: () => ({lag})});

    const first = await get('/api/status');
    lag = 2;
    const second = await get('/api/status');

    expect(first).toMatchObject({status: 200, type: 'application/json; charset=utf-8'});
    expect([first.body, second.body]).toEqual(['{"lag":1}', '{"lag":2}']);
  });

  test('waits for a status that takes time', async () => {
    await start({status: () => Promise.resolve({lag: 3})});

    expect((await get('/api/status')).body).toBe('{"lag":3}');
  });

  test('has nothing else, and takes nothing', async () => {
    const {url} = await start();

    expect((await get('/')).status).toBe(404);
    expect((await fetch(`${url}/api/status`, {method: 'POST'})).status).toBe(404);
  });

  test('says in one line that its port is in use, and what to do', async () => {
    blocker = createServer();
    await new Promise<void>((resolve) => blocker?.listen(0, '127.0.0.1', resolve));
    const {port} = blocker.address() as AddressInfo;

    await expect(start({port})).rejects.toMatchObject({
      name: 'FatalError',
      code: 'HTTP_PORT_IN_USE',
      message: `http.listen 127.0.0.1:${port} cannot be used (listen EADDRINUSE: address already in use 127.0.0.1:${port}); stop what listens there, or set another http.listen`,
    });
  });

  test('refuses an address that this machine does not have', async () => {
    // TEST-NET-1 of RFC 5737: no host has it.
    await expect(start({host: '192.0.2.1'})).rejects.toMatchObject({
      code: 'HTTP_PORT_IN_USE',
      message: expect.stringMatching(
        /^http\.listen 192\.0\.2\.1:0 cannot be used \(listen EADDRNOTAVAIL.*\); set another http\.listen$/,
      ),
    });
  });

  test('writes an IPv6 address in brackets when it cannot be used', async () => {
    // The documentation prefix of RFC 3849: no host has it.
    await expect(start({host: '2001:db8::1', port: 8080})).rejects.toMatchObject({
      message: expect.stringMatching(/^http\.listen \[2001:db8::1\]:8080 cannot be used /),
    });
  });

  test('says that a status cannot be told, and serves on', async () => {
    await start({status: () => Promise.reject(new Error('the log is closed'))});

    const failed = await get('/api/status');

    expect(failed.status).toBe(500);
    expect(JSON.parse(failed.body)).toEqual({error: 'the log is closed', code: 'INTERNAL'});
    expect(failed.body).not.toContain('    at ');
    expect((await get('/healthz')).status).toBe(200);
  });

  test('closes although a request is not answered yet', async () => {
    const events = new EventEmitter();
    const isAsked = once(events, 'asked');
    const {url} = await start({
      status: () => {
        events.emit('asked');
        return new Promise(() => undefined);
      },
    });
    const answer = fetch(`${url}/api/status`).then(
      () => 'answered',
      () => 'cut off',
    );
    await isAsked;

    await server?.close();

    expect(await answer).toBe('cut off');
    await expect(fetch(`${url}/healthz`)).rejects.toThrow('fetch failed');
  });
});
