import type {Metrics} from '../../src/common/metrics.ts';

/** Counts nothing. */
export const noMetrics: Metrics = {
  count: () => undefined,
  gauge: () => undefined,
  observe: () => undefined,
};
