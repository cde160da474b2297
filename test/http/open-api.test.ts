import {Ajv} from 'ajv';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {Conditions} from '../../src/common/conditions.ts';
import {PromMetrics} from '../../src/common/prom-metrics.ts';
import {healthRoutes} from '../../src/http/health-routes.ts';
import {pipelineRoutes} from '../../src/http/pipeline-routes.ts';
import {recordRoutes} from '../../src/http/record-routes.ts';
import {startHttp} from '../../src/http/start-http.ts';
import type {HttpServer} from '../../src/http/start-http.ts';
import {statusRoutes} from '../../src/http/status-routes.ts';
import type {KafkaClient} from '../../src/kafka/client.ts';
import {PipelineMonitor} from '../../src/monitor/pipeline-monitor.ts';
import {ordersTopology} from '../../src/topology.ts';
import {ManualClock} from '../support/manual-clock.ts';

interface Described {
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly get: {
          readonly responses: Readonly<
            Record<string, {readonly content?: {readonly 'application/json'?: {schema: object}}}>
          >;
        };
      }
    >
  >;
}

let server: HttpServer;
let described: Described;

beforeAll(async () => {
  const conditions = new Conditions();
  conditions.raise({code: 'KAFKA_UNREACHABLE', subject: 'kafka', message: 'no broker answers'});
  const monitor = new PipelineMonitor({
    applicationId: 'shop',
    version: '1.2.3',
    startedAt: 5,
    topology: ordersTopology({semantics: 'cdc', ordersDeletes: 'ignore'}).toJSON(),
    topicName: (topic) => topic,
    sinks: [{name: 'local', connector: 'duckdb', topics: ['orders_enriched']}],
    components: [
      {
        name: 'source products',
        run: () => Promise.resolve(),
        status: () => ({
          state: 'retrying',
          tables: {'products.orders': 'postgres.products.orders'},
          lagMs: 12,
        }),
      },
    ],
    conditions,
    metrics: new PromMetrics(),
    // Nothing is asked of it while it is out.
    kafka: {} as KafkaClient,
    clock: new ManualClock(),
    isReady: () => false,
    storeSizes: () =>
      Promise.resolve([{store: 'customers', entries: 3, isExact: true, bytes: 100}]),
    isKafkaOut: () => true,
  });
  const record = {partition: 0, offset: 7, timestamp: 1, key: '"o1"', value: null};
  server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    version: '1.2.3',
    routes: [
      healthRoutes({reasons: () => ['it starts']}),
      statusRoutes({
        status: () => ({
          components: {streams: {state: 'running', tasks: {}}},
          logEnds: {'orders-0': 1},
          conditions: conditions.list(),
        }),
      }),
      pipelineRoutes({monitor}),
      recordRoutes({topics: () => new Set(['orders']), tail: () => Promise.resolve([record])}),
    ],
  });
  described = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as Described;
});
afterAll(() => server.close());

describe('/api/openapi.json', () => {
  test('names every route of the page', () => {
    expect(Object.keys(described.paths).toSorted()).toEqual([
      '/api/events',
      '/api/pipeline/graph',
      '/api/pipeline/history',
      '/api/pipeline/snapshot',
      '/api/status',
      '/api/topics/{topic}/records',
      '/healthz',
      '/readyz',
    ]);
  });

  test.each([
    ['/healthz', '/healthz', 200],
    ['/readyz', '/readyz', 503],
    ['/api/status', '/api/status', 200],
    ['/api/pipeline/graph', '/api/pipeline/graph', 200],
    ['/api/pipeline/history', '/api/pipeline/history', 200],
    ['/api/pipeline/snapshot', '/api/pipeline/snapshot', 200],
    ['/api/topics/orders/records', '/api/topics/{topic}/records', 200],
    ['/api/topics/secrets/records', '/api/topics/{topic}/records', 404],
  ])('says what %s answers', async (path, route, status) => {
    const response = await fetch(`${server.url}${path}`);

    const body: unknown = await response.json();
    const schema =
      described.paths[route]?.get.responses[String(status)]?.content?.['application/json']?.schema;
    const ajv = new Ajv({strict: false});
    ajv.validate(schema ?? false, body);
    expect(response.status).toBe(status);
    expect(ajv.errors).toBeNull();
  });

  test('has records of the pipeline only, and no more than a hundred', async () => {
    expect((await fetch(`${server.url}/api/topics/orders/records?limit=101`)).status).toBe(400);
  });
});

describe('/api/events', () => {
  test('tells the graph and the history at once, and the first snapshot', async () => {
    const response = await fetch(`${server.url}/api/events`);
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
