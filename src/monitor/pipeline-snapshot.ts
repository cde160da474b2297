import type {Condition} from '../common/conditions.ts';
import type {MetricName} from '../common/metrics.ts';
import type {ComponentStates} from './component-status.ts';
import type {MetricsReader} from './metrics-reader.ts';
import {nodeId} from './pipeline-graph.ts';
import type {
  NodeNumbers,
  PipelineGraph,
  PipelineNode,
  PipelineSnapshot,
  TopicRecord,
} from './pipeline.ts';
import type {RateWindow} from './rate-window.ts';

export interface StoreHolding {
  readonly store: string;
  readonly entries: number;
  readonly isExact: boolean;
  readonly bytes: number;
}

/** What a snapshot is made of. */
export interface SnapshotParts {
  readonly at: number;
  readonly ready: boolean;
  readonly graph: PipelineGraph;
  readonly states: ComponentStates;
  readonly conditions: readonly Condition[];
  readonly totals: ReadonlyMap<string, number>;
  readonly rates: RateWindow;
  readonly stores: readonly StoreHolding[];
  readonly latency: PipelineSnapshot['latency'];
  readonly rows: readonly TopicRecord[];
  readonly point: PipelineSnapshot['point'];
}

/** Every counter by the node that it belongs to; seconds of work under `busy <node>`. */
export async function nodeTotals(metrics: MetricsReader): Promise<ReadonlyMap<string, number>> {
  const totals = new Map<string, number>();
  await add('millrace_cdc_events_total', ({source, table}) =>
    nodeId('table', `${source}/${table}`),
  );
  await add('millrace_streams_records_produced_total', ({topic}) => `produced ${topic}`);
  await add('millrace_streams_process_total', ({node}) => nodeId('operator', `${node}`));
  await add('millrace_streams_node_busy_seconds_total', ({node}) => busy('operator', `${node}`));
  await add('millrace_streams_dropped_records_total', ({node}) => `dropped ${node}`);
  await add('millrace_sink_rows_total', ({sink, topic}) => nodeId('warehouse', `${sink}/${topic}`));
  for (const {labels, sum} of metrics.histogram('millrace_sink_put_batch_seconds')) {
    totals.set(busy('warehouse', `${labels['sink']}/${labels['topic']}`), sum);
  }
  return totals;

  async function add(
    name: MetricName,
    key: (labels: Readonly<Record<string, string>>) => string,
  ): Promise<void> {
    for (const {labels, value} of await metrics.samples(name)) {
      const id = key(labels);
      totals.set(id, (totals.get(id) ?? 0) + value);
    }
  }
}

function busy(kind: PipelineNode['kind'], name: string): string {
  return `busy ${nodeId(kind, name)}`;
}

/** How the pipeline does, node by node. */
export function pipelineSnapshot(parts: SnapshotParts): PipelineSnapshot {
  const {at, ready, graph, states, conditions, latency, rows, point} = parts;
  return {
    at,
    ready,
    components: states.components,
    conditions: conditions.map(({severity = 'error', code, subject, message}) => ({
      code,
      subject,
      message,
      severity,
    })),
    nodes: Object.fromEntries(graph.nodes.map((node) => [node.id, numbersOf(node, parts)])),
    latency,
    rows,
    point,
  };
}

function numbersOf(node: PipelineNode, parts: SnapshotParts): NodeNumbers {
  const {states, graph} = parts;
  switch (node.kind) {
    case 'table':
      return {...counted([node.id], parts), ...stateOf(node.group, parts)};
    case 'topic': {
      const tables = graph.edges.filter(({to}) => to === node.id).map(({from}) => from);
      const captured = tables.filter((id) => id.startsWith('table/'));
      const keys = captured.length > 0 ? captured : [`produced ${node.topic}`];
      return {...counted(keys, parts), ...lagOf(states.streamsLag, node.topic)};
    }
    case 'operator': {
      const dropped = parts.totals.get(`dropped ${node.name}`);
      return {
        ...counted([node.id], parts),
        busy: parts.rates.rate(`busy ${node.id}`),
        ...(dropped === undefined ? {} : {dropped}),
        ...stateOf('streams', parts),
      };
    }
    case 'store':
      return {
        ...(node.topic === null ? {} : counted([`produced ${node.topic}`], parts)),
        ...holdingOf(node.name, parts),
      };
    case 'warehouse': {
      const partitions = Object.entries(
        states.sinks.get(node.group?.slice('sink '.length) ?? '') ?? {},
      );
      const own = partitions.filter(([partition]) => topicOf(partition) === node.topic);
      return {
        ...counted([node.id], parts),
        busy: parts.rates.rate(`busy ${node.id}`),
        lag: own.some(([, {lag}]) => lag === null)
          ? null
          : own.reduce((sum, [, {lag}]) => sum + (lag ?? 0), 0),
        ...stateOf(node.group, parts),
      };
    }
    default:
      return node.kind satisfies never;
  }
}

function counted(keys: readonly string[], {totals, rates}: SnapshotParts): NodeNumbers {
  const known = keys.map((key) => rates.rate(key));
  return {
    records: keys.reduce((sum, key) => sum + (totals.get(key) ?? 0), 0),
    rate: known.includes(null) ? null : known.reduce<number>((sum, rate) => sum + (rate ?? 0), 0),
  };
}

/** Nothing where the component runs, or is another process's. */
function stateOf(name: string | null, {states}: SnapshotParts): NodeNumbers {
  const state = states.components.find((component) => component.name === name)?.state;
  return state === undefined || state === 'running' ? {} : {state};
}

function lagOf(lags: ReadonlyMap<string, number>, topic: string | null): NodeNumbers {
  const own = [...lags].filter(([partition]) => topicOf(partition) === topic);
  return own.length === 0 ? {} : {lag: own.reduce((sum, [, lag]) => sum + lag, 0)};
}

function holdingOf(store: string, {stores}: SnapshotParts): NodeNumbers {
  const own = stores.filter((holding) => holding.store === store);
  if (own.length === 0) return {};
  return {
    entries: own.reduce((sum, {entries}) => sum + entries, 0),
    isExact: own.every(({isExact}) => isExact),
    bytes: own.reduce((sum, {bytes}) => sum + bytes, 0),
  };
}

function topicOf(topicPartition: string): string {
  return topicPartition.slice(0, topicPartition.lastIndexOf('-'));
}
