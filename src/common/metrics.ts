import {metricDefinitions} from './metric-definitions.ts';

type Definitions = typeof metricDefinitions;

export type MetricName = keyof Definitions;

/** The metrics of one type: `CounterName` of `counter`, and so on. */
type NameOf<T extends Definitions[MetricName]['type']> = {
  [N in MetricName]: Definitions[N]['type'] extends T ? N : never;
}[MetricName];

export type CounterName = NameOf<'counter'>;
export type GaugeName = NameOf<'gauge'>;
export type HistogramName = NameOf<'histogram'>;

/** The gauges that have this label and no other. */
export type GaugeLabelled<L extends string> = {
  [N in GaugeName]: Definitions[N]['labels'] extends readonly [L] ? N : never;
}[GaugeName];

export type Labels = Readonly<Record<string, string>>;

/** The labels that a metric has: all of them, and no others. */
export type LabelsOf<N extends MetricName> = Readonly<
  Record<Definitions[N]['labels'][number], string>
>;

/** Counters, gauges and histograms by name and labels; `/metrics` and `/api/status` read them. */
export interface Metrics {
  /** Adds `by` (default 1) to the counter `name`. */
  count<N extends CounterName>(name: N, labels: LabelsOf<N>, by?: number): void;
  gauge<N extends GaugeName>(name: N, labels: LabelsOf<N>, value: number): void;
  /** Adds `count` (default 1) equal observations to the histogram `name`; times are in seconds. */
  observe<N extends HistogramName>(
    name: N,
    labels: LabelsOf<N>,
    value: number,
    count?: number,
  ): void;
}

/** The value of one series of a gauge. */
export interface GaugeSample {
  readonly name: GaugeName;
  readonly labels: Labels;
  readonly value: number;
}

/** What `/metrics` says of each metric: what it means, and its name elsewhere in parentheses. */
export const metricHelp = Object.fromEntries(
  Object.entries(metricDefinitions).map(([name, definition]) => [
    name,
    'standard' in definition ? `${definition.help} (${definition.standard})` : definition.help,
  ]),
) as Readonly<Record<MetricName, string>>;
