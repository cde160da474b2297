import type {MetricName} from '../common/metrics.ts';
import type {MetricsReader} from './metrics-reader.ts';
import {observedSince, quantile} from './quantile.ts';
import type {Buckets} from './quantile.ts';

const WINDOW_MS = 10_000;

/** The median of a histogram's observations of the last ten seconds. */
export class LatencyWindow {
  readonly #metrics: MetricsReader;
  readonly #name: MetricName;
  readonly #looks: {readonly at: number; readonly series: readonly Buckets[]}[] = [];

  constructor(metrics: MetricsReader, name: MetricName) {
    this.#metrics = metrics;
    this.#name = name;
  }

  /** In milliseconds; null where nothing was observed. */
  look(at: number): number | null {
    const series = this.#metrics
      .histogram(this.#name)
      .map(({bounds, counts, count}) => ({bounds, counts: [...counts], count}));
    this.#looks.push({at, series});
    while ((this.#looks[1]?.at ?? Infinity) <= at - WINDOW_MS) this.#looks.shift();
    const seconds = quantile(0.5, observedSince(series, this.#looks[0]?.series ?? []));
    return seconds === null ? null : Math.round(seconds * 10_000) / 10;
  }
}
