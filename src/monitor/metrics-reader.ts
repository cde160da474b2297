import type {Labels, MetricName} from '../common/metrics.ts';
import type {Buckets} from './quantile.ts';

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export interface HistogramSeries extends Buckets {
  readonly labels: Labels;
  readonly sum: number;
}

/** The other side of the port `Metrics`: what was written there, as it is now. */
export interface MetricsReader {
  /** The series of a counter or gauge; none where nothing was written. */
  samples(name: MetricName): Promise<readonly Sample[]>;
  histogram(name: MetricName): readonly HistogramSeries[];
}
