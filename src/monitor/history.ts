import type {MetricsReader} from './metrics-reader.ts';
import type {HistoryPoint, PipelineHistory} from './pipeline.ts';
import {observedSince, quantile} from './quantile.ts';
import type {Buckets} from './quantile.ts';

export const HISTORY_INTERVAL_MS = 2000;
/** 15 minutes. */
const LENGTH = 450;

interface Reading {
  readonly at: number;
  readonly changes: number;
  readonly rows: number;
  readonly latency: readonly Buckets[];
}

/** Throughput and end-to-end latency of the last 15 minutes, so that a page which is opened now has them. */
export class History {
  readonly #metrics: MetricsReader;
  readonly #points: HistoryPoint[] = [];
  #last: Reading | undefined;

  constructor(metrics: MetricsReader) {
    this.#metrics = metrics;
  }

  /** Adds a point; call it every {@link HISTORY_INTERVAL_MS}. */
  async look(at: number): Promise<void> {
    const reading: Reading = {
      at,
      changes: await this.#total('millrace_cdc_events_total'),
      rows: await this.#total('millrace_sink_rows_total'),
      latency: this.#metrics
        .histogram('millrace_end_to_end_latency_seconds')
        .map(({bounds, counts, count}) => ({bounds, counts: [...counts], count})),
    };
    const before = this.#last;
    this.#last = reading;
    if (before === undefined || at <= before.at) return;
    const seconds = (at - before.at) / 1000;
    const latency = observedSince(reading.latency, before.latency);
    this.#points.push({
      at,
      changes: (reading.changes - before.changes) / seconds,
      rows: (reading.rows - before.rows) / seconds,
      p50: inMs(quantile(0.5, latency)),
      p99: inMs(quantile(0.99, latency)),
    });
    if (this.#points.length > LENGTH) this.#points.shift();
  }

  get newest(): HistoryPoint | undefined {
    return this.#points.at(-1);
  }

  all(): PipelineHistory {
    const points = this.#points;
    return {
      at: points.map(({at}) => at),
      changes: points.map(({changes}) => changes),
      rows: points.map(({rows}) => rows),
      p50: points.map(({p50}) => p50),
      p99: points.map(({p99}) => p99),
    };
  }

  async #total(name: Parameters<MetricsReader['samples']>[0]): Promise<number> {
    return (await this.#metrics.samples(name)).reduce((sum, {value}) => sum + value, 0);
  }
}

function inMs(seconds: number | null): number | null {
  return seconds === null ? null : Math.round(seconds * 10_000) / 10;
}
