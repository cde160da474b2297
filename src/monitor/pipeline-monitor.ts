import type {Clock} from '../common/clock.ts';
import type {Component} from '../common/component.ts';
import type {Conditions} from '../common/conditions.ts';
import {RetriableError} from '../common/errors.ts';
import type {KafkaClient} from '../kafka/client.ts';
import {componentStates} from './component-status.ts';
import type {ComponentStates} from './component-status.ts';
import {HISTORY_INTERVAL_MS, History} from './history.ts';
import {LatencyWindow} from './latency-window.ts';
import type {MetricsReader} from './metrics-reader.ts';
import {pipelineGraph} from './pipeline-graph.ts';
import type {GraphParts} from './pipeline-graph.ts';
import {nodeTotals, pipelineSnapshot} from './pipeline-snapshot.ts';
import type {StoreHolding} from './pipeline-snapshot.ts';
import type {PipelineGraph, PipelineHistory, PipelineSnapshot, TopicRecord} from './pipeline.ts';
import {RateWindow} from './rate-window.ts';
import {topicTail} from './topic-tail.ts';

export interface MonitorOptions extends Omit<GraphParts, 'sources'> {
  readonly components: readonly Component[];
  readonly conditions: Conditions;
  readonly metrics: MetricsReader;
  readonly kafka: KafkaClient;
  readonly clock: Clock;
  readonly isReady: () => boolean;
  /** Not free. */
  readonly storeSizes: () => Promise<readonly StoreHolding[]>;
  /** While it is, no topic is read for the newest rows. */
  readonly isKafkaOut: () => boolean;
}

/** What those who look on are told. */
export type PipelineEvent =
  | {readonly kind: 'graph'; readonly graph: PipelineGraph}
  | {readonly kind: 'history'; readonly history: PipelineHistory}
  | {readonly kind: 'snapshot'; readonly snapshot: PipelineSnapshot};

const SNAPSHOT_INTERVAL_MS = 1000;
const STORES_INTERVAL_MS = 5000;
const ROWS = 8;

/**
 * Watches the pipeline: one snapshot a second for all who look on, none while nobody does.
 *
 * Only the history goes on by itself, from `start` until `stop`.
 */
export class PipelineMonitor {
  readonly #options: MonitorOptions;
  readonly #history: History;
  readonly #rates = new RateWindow();
  readonly #streamsLatency: LatencyWindow;
  readonly #warehouseLatency: LatencyWindow;
  readonly #listeners = new Set<(event: PipelineEvent) => void>();
  readonly #tables = new Map<string, Readonly<Record<string, string>>>();
  #stopHistory: (() => void) | undefined;
  #stopSnapshots: (() => void) | undefined;
  #isLooking = false;
  #graph: PipelineGraph;
  #stores: readonly StoreHolding[] = [];
  #storesAt = -Infinity;
  #rows: readonly TopicRecord[] = [];
  #rowsUpTo = '';

  constructor(options: MonitorOptions) {
    const {metrics} = options;
    this.#options = options;
    this.#history = new History(metrics);
    this.#streamsLatency = new LatencyWindow(
      metrics,
      'millrace_streams_record_e2e_latency_seconds',
    );
    this.#warehouseLatency = new LatencyWindow(metrics, 'millrace_end_to_end_latency_seconds');
    this.#graph = pipelineGraph({...options, sources: []});
  }

  start(): void {
    const {clock} = this.#options;
    this.#stopHistory = clock.every(HISTORY_INTERVAL_MS, () => {
      void this.#history.look(clock.now());
    });
  }

  stop(): void {
    this.#stopHistory?.();
    this.#stopSnapshots?.();
    this.#listeners.clear();
  }

  get graph(): PipelineGraph {
    this.#see(componentStates(this.#options.components));
    return this.#graph;
  }

  get history(): PipelineHistory {
    return this.#history.all();
  }

  /** Tells `listener` of the graph, the history and each snapshot, until the returned function is called. */
  watch(listener: (event: PipelineEvent) => void): () => void {
    listener({kind: 'graph', graph: this.graph});
    listener({kind: 'history', history: this.history});
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) {
      this.#stopSnapshots = this.#options.clock.every(SNAPSHOT_INTERVAL_MS, () => {
        void this.#look();
      });
    }
    void this.#look();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#stopSnapshots?.();
      this.#rates.clear();
    };
  }

  /** How the pipeline does now. */
  async snapshot(): Promise<PipelineSnapshot> {
    const {components, conditions, metrics, clock, isReady} = this.#options;
    const at = clock.now();
    const states = componentStates(components);
    this.#see(states);
    const totals = await nodeTotals(metrics);
    this.#rates.look(at, totals);
    await this.#lookAtStores(at);
    await this.#lookAtRows(states);
    const lags = [...states.sources.values()].flatMap(({lagMs}) => lagMs ?? []);
    return pipelineSnapshot({
      at,
      ready: isReady(),
      graph: this.#graph,
      states,
      conditions: conditions.list(),
      totals,
      rates: this.#rates,
      stores: this.#stores,
      latency: {
        topics: lags.length === 0 ? null : Math.max(...lags),
        streams: this.#streamsLatency.look(at),
        warehouse: this.#warehouseLatency.look(at),
      },
      rows: this.#rows,
      point: this.#history.newest ?? null,
    });
  }

  async #look(): Promise<void> {
    // One that takes longer than a second is not met by the next.
    if (this.#isLooking) return;
    this.#isLooking = true;
    const before = this.#graph;
    try {
      const snapshot = await this.snapshot();
      if (this.#graph !== before) this.#tell({kind: 'graph', graph: this.#graph});
      this.#tell({kind: 'snapshot', snapshot});
    } finally {
      this.#isLooking = false;
    }
  }

  #tell(event: PipelineEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** The tables of a source are known once it has been open; they stay while it retries. */
  #see({sources}: ComponentStates): void {
    let isNew = false;
    for (const [name, {tables}] of sources) {
      const known = Object.keys(this.#tables.get(name) ?? {});
      const count = Object.keys(tables).length;
      if (count === 0 || count === known.length) continue;
      this.#tables.set(name, tables);
      isNew = true;
    }
    if (!isNew) return;
    this.#graph = pipelineGraph({
      ...this.#options,
      sources: [...this.#tables].map(([name, tables]) => ({name, tables})),
    });
  }

  async #lookAtStores(at: number): Promise<void> {
    if (at - this.#storesAt < STORES_INTERVAL_MS) return;
    this.#storesAt = at;
    this.#stores = await this.#options.storeSizes();
  }

  /** Of the first sink and its first topic, up to its watermark: then they are in the warehouse. */
  async #lookAtRows({sinks}: ComponentStates): Promise<void> {
    const {isKafkaOut} = this.#options;
    const sink = this.#options.sinks[0];
    const topic = sink?.topics[0];
    const partitions = sinks.get(sink?.name ?? '');
    if (topic === undefined || partitions === undefined || isKafkaOut()) return;
    const before = Object.fromEntries(
      Object.entries(partitions).map(([partition, {nextOffset}]) => [partition, nextOffset ?? 0]),
    );
    const upTo = JSON.stringify(before);
    if (upTo === this.#rowsUpTo) return;
    try {
      const rows = await topicTail(topic, ROWS, this.#options, before);
      // Kafka may not have answered in time.
      if (rows.length === 0) return;
      this.#rows = rows;
      this.#rowsUpTo = upTo;
    } catch (error) {
      // Told by a condition; until then the rows are those of before.
      if (!(error instanceof RetriableError)) throw error;
    }
  }
}
