import {Counter, Gauge, Registry, collectDefaultMetrics} from 'prom-client';
import {metricDefinitions} from './metric-definitions.ts';
import {metricHelp} from './metrics.ts';
import type {GaugeSample, Labels, MetricName, Metrics} from './metrics.ts';
import {Series} from './series.ts';

/** Upper bounds in seconds: 1 ms to 60 s, ten to a decade where pipelines live. */
const BUCKETS = [1, 2, 3, 4, 5, 6, 7, 8, 9]
  .flatMap((n) => [n / 1000, n / 100, n / 10])
  .concat(0.015, 0.025, 0.035, 0.045, 1, 2, 5, 10, 30, 60)
  .toSorted((a, b) => a - b);

interface Histogram {
  readonly labels: Labels;
  readonly counts: number[];
  sum: number;
  count: number;
}

/** What was counted since somebody last looked. */
interface Count {
  readonly labels: Labels;
  by: number;
}

interface CounterSeries {
  readonly counter: Counter;
  readonly counts: Series<Count>;
}

/** What is known only when it is asked for. */
type Collector = () => Promise<readonly GaugeSample[]>;

/** Metrics in Prometheus' text format. */
export class PromMetrics implements Metrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<MetricName, CounterSeries>();
  readonly #gauges = new Map<MetricName, Gauge>();
  readonly #histograms = new Map<MetricName, Series<Histogram>>();
  readonly #collectors: Collector[] = [];
  /** Gauges that collectors have told. */
  readonly #collected = new Set<MetricName>();

  /**
   * Asks `collector` for gauges whenever somebody reads the metrics; a series that it does not tell any more is gone.
   * Nobody else may write these gauges.
   */
  collect(collector: Collector): void {
    this.#collectors.push(collector);
  }

  /** Adds what prom-client knows of this process: CPU, memory, event loop, garbage collection, start time. */
  collectProcess(): void {
    collectDefaultMetrics({register: this.#registry});
  }

  /** Kept here until somebody looks: prom-client makes a text of the labels each time. */
  count(name: MetricName, labels: Labels, by = 1): void {
    const {counts} = this.#counters.get(name) ?? this.#addCounter(name);
    counts.of(labels).by += by;
  }

  gauge(name: MetricName, labels: Labels, value: number): void {
    this.#gaugeOf(name).set(labels, value);
  }

  /** Kept here and not in prom-client, whose histograms take one observation at a time. */
  observe(name: MetricName, labels: Labels, value: number, count = 1): void {
    const histogram = (this.#histograms.get(name) ?? this.#addHistogram(name)).of(labels);
    const bucket = BUCKETS.findIndex((bound) => value <= bound);
    if (bucket >= 0) histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + count;
    histogram.sum += value * count;
    histogram.count += count;
  }

  /** The series of a counter or gauge; none where nothing was written. */
  async samples(
    name: MetricName,
  ): Promise<readonly {readonly labels: Labels; readonly value: number}[]> {
    const counter = this.#counters.get(name);
    if (counter !== undefined) handOver(counter);
    const metric = counter?.counter ?? this.#gauges.get(name);
    const {values = []} = (await metric?.get()) ?? {};
    return values.map(({labels, value}) => ({labels: labels as Labels, value}));
  }

  /** The series of a histogram, as they are now: they go on changing. */
  histogram(name: MetricName): readonly (Histogram & {readonly bounds: readonly number[]})[] {
    const all = this.#histograms.get(name)?.all ?? [];
    return all.map((series) => ({...series, bounds: BUCKETS}));
  }

  /** Everything, in Prometheus' text format. */
  async text(): Promise<string> {
    const collected = await Promise.all(this.#collectors.map((collector) => collector()));
    const samples = collected.flat();
    for (const name of this.#collected) this.#gauges.get(name)?.reset();
    for (const {name, labels, value} of samples) {
      this.#collected.add(name);
      this.gauge(name, labels, value);
    }
    for (const counter of this.#counters.values()) handOver(counter);
    const histograms = [...this.#histograms].map(([name, {all}]) => histogramText(name, all));
    return `${await this.#registry.metrics()}${histograms.join('')}`;
  }

  #addCounter(name: MetricName): CounterSeries {
    const labelNames = metricDefinitions[name].labels;
    const counter = new Counter({
      name,
      help: metricHelp[name],
      labelNames,
      registers: [this.#registry],
    });
    const added = {counter, counts: new Series<Count>(labelNames, (labels) => ({labels, by: 0}))};
    this.#counters.set(name, added);
    return added;
  }

  #addHistogram(name: MetricName): Series<Histogram> {
    const added = new Series<Histogram>(metricDefinitions[name].labels, (labels) => ({
      labels,
      counts: BUCKETS.map(() => 0),
      sum: 0,
      count: 0,
    }));
    this.#histograms.set(name, added);
    return added;
  }

  #gaugeOf(name: MetricName): Gauge {
    let gauge = this.#gauges.get(name);
    if (gauge === undefined) {
      gauge = new Gauge({
        name,
        help: metricHelp[name],
        labelNames: metricDefinitions[name].labels,
        registers: [this.#registry],
      });
      this.#gauges.set(name, gauge);
    }
    return gauge;
  }
}

/** To prom-client, a series of which nothing was counted yet as 0. */
function handOver({counter, counts}: CounterSeries): void {
  for (const count of counts.all) {
    counter.inc(count.labels, count.by);
    count.by = 0;
  }
}

function histogramText(name: MetricName, histograms: readonly Histogram[]): string {
  const lines = [`# HELP ${name} ${metricHelp[name]}`, `# TYPE ${name} histogram`];
  for (const {labels, counts, sum, count} of histograms) {
    let cumulative = 0;
    counts.forEach((n, at) => {
      cumulative += n;
      lines.push(`${name}_bucket${labelText({...labels, le: String(BUCKETS[at])})} ${cumulative}`);
    });
    lines.push(
      `${name}_bucket${labelText({...labels, le: '+Inf'})} ${count}`,
      `${name}_sum${labelText(labels)} ${sum}`,
      `${name}_count${labelText(labels)} ${count}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** In alphabetical order. */
function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return pairs.length === 0
    ? ''
    : `{${pairs.map(([name, value]) => `${name}="${escaped(value)}"`).join(',')}}`;
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/#comments-help-text-and-type-information */
function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
