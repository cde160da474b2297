import type {Labels, MetricName, Metrics} from '../../src/common/metrics.ts';

/** Adds up what was counted and keeps what was observed, for tests. */
export class RecordedMetrics implements Metrics {
  readonly #counters = new Map<string, number>();
  readonly #observations = new Map<string, [value: number, count: number][]>();

  count(name: MetricName, labels: Labels, by = 1): void {
    const key = keyOf(name, labels);
    this.#counters.set(key, (this.#counters.get(key) ?? 0) + by);
  }

  gauge(): void {}

  observe(name: MetricName, labels: Labels, value: number, count = 1): void {
    const key = keyOf(name, labels);
    const observations = this.#observations.get(key) ?? [];
    this.#observations.set(key, observations);
    observations.push([value, count]);
  }

  counter(name: MetricName, labels: Labels): number {
    return this.#counters.get(keyOf(name, labels)) ?? 0;
  }

  /** Each value with how often it was observed, in order. */
  observations(name: MetricName, labels: Labels): readonly (readonly [number, number])[] {
    return this.#observations.get(keyOf(name, labels)) ?? [];
  }
}

function keyOf(name: MetricName, labels: Labels): string {
  const sorted = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([name, sorted]);
}
