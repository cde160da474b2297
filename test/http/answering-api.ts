import {Conditions} from '../../src/common/conditions.ts';
import {PromMetrics} from '../../src/common/prom-metrics.ts';
import type {ApiDeps} from '../../src/http/api-routes.ts';
import type {KafkaClient} from '../../src/kafka/client.ts';
import {PipelineMonitor} from '../../src/monitor/pipeline-monitor.ts';
import type {LineageAnswer} from '../../src/streams/runtime/queries/lineage-answer.ts';
import {ordersTopology} from '../../src/topology.ts';
import {ManualClock} from '../support/manual-clock.ts';

const conditions = new Conditions();
conditions.raise({code: 'KAFKA_UNREACHABLE', subject: 'kafka', message: 'no broker answers'});

const topology = ordersTopology({semantics: 'cdc', ordersDeletes: 'ignore'});

const monitor = new PipelineMonitor({
  applicationId: 'shop',
  version: '1.2.3',
  startedAt: 5,
  topology: topology.toJSON(),
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
  storeSizes: () => Promise.resolve([{store: 'customers', entries: 3, isExact: true, bytes: 100}]),
  isKafkaOut: () => true,
});

const read = {kind: 'read', topic: 'orders', partition: 0, offset: 7, at: 'a', tookMs: 1} as const;
const change = {
  source: 'products',
  lsn: '0/1',
  ordinal: 1,
  isSnapshot: false,
  table: 'products.orders',
  key: 'o1',
  committedAt: 'a',
  event: {},
};
const node = {change, steps: [read], at: 'a', isTruncated: false};
const lineage: LineageAnswer = {
  topic: 'orders_enriched',
  key: 'o1',
  records: [
    {
      partition: 0,
      offset: 1,
      value: {},
      warehouse: [{sink: 'local', table: 'orders_enriched', partition: 0, offset: 1}],
      lineage: {
        ...node,
        steps: [read, {kind: 'join', table: 'products', waitedMs: null, row: node}],
      },
    },
    {partition: 0, value: null, warehouse: [], lineage: null},
  ],
  waiting: [{for: {table: 'products', key: 'p1'}, value: {}, lineage: {...node, change: null}}],
  notes: ['Nothing more.'],
};

/** What is behind every route: it answers something, or throws `failure` while there is one. */
export class AnsweringApi {
  failure: Error | undefined;

  get deps(): ApiDeps {
    const answer = <T>(value: T): T => {
      if (this.failure !== undefined) throw this.failure;
      return value;
    };
    return {
      reasons: () => (this.failure === undefined ? [] : ['it starts']),
      warnings: () => ['someone should look'],
      status: () =>
        answer({
          components: {streams: {state: 'running', tasks: {}}},
          logEnds: {'orders-0': 1},
          conditions: conditions.list(),
        }),
      metrics: async () => answer('millrace_up 1\n'),
      topology: {
        describe: () => answer(topology.describe()),
        toMermaid: () => answer(topology.toMermaid()),
        toJSON: () => answer(topology.toJSON()),
      },
      tableQueries: {
        tables: () =>
          answer([
            {table: 'customers', partitions: 1, key: {type: 'VARCHAR'}, columns: {id: 'VARCHAR'}},
          ]),
        get: async () =>
          answer({table: 't', key: 'a', row: {id: 'a'}, topic: 't', partition: 0, offset: 1}),
        range: async () => answer({table: 't', rows: [{key: 'a', row: {id: 'a'}}], next: 'b'}),
      },
      reader: {
        local: async () =>
          answer({
            rows: [{partition: 0, key: Buffer.from('a'), value: Buffer.from([255])}],
            offsets: new Map([[0, 1]]),
          }),
      },
      lineageQueries: {of: async () => answer(lineage)},
      monitor: {
        get graph() {
          return answer(monitor.graph);
        },
        get history() {
          return answer(monitor.history);
        },
        snapshot: async () => answer(await monitor.snapshot()),
        watch: (listener) => monitor.watch(listener),
      },
      topics: () => new Set(['orders']),
      tail: async () => answer([{partition: 0, offset: 7, timestamp: 1, key: '"o1"', value: null}]),
    };
  }
}
