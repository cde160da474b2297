import type {Labels, MetricName, Metrics} from '../../src/common/metrics.ts';

/** Adds up what was counted, for tests. */
export class RecordedMetrics implements Metrics {
  readonly #counters = new Map<string, number>();

  count(name: MetricName, labels: Labels, by = 1): void {
    const key = keyOf(name, labels);
    this.#counters.set(key, (this.#counters.get(key) ?? 0) + by);
  }

  gauge(): void {}

  observe(): void {}

  counter(name: MetricName, labels: Labels): number {
    return this.#counters.get(keyOf(name, labels)) ?? 0;
  }
}

function keyOf(name: MetricName, labels: Labels): string {
  const sorted = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([name, sorted]);
}
