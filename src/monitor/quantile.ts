/** Observations by upper bound of their bucket, ascending; those above the last bound are the rest of `count`. */
export interface Buckets {
  readonly bounds: readonly number[];
  /** Of each bucket, not cumulative. */
  readonly counts: readonly number[];
  readonly count: number;
}

/**
 * The value below which the part `q` of the observations lie, as `histogram_quantile` of Prometheus interpolates it; null
 * without any.
 */
export function quantile(q: number, {bounds, counts, count}: Buckets): number | null {
  if (count <= 0) return null;
  const rank = q * count;
  let below = 0;
  for (const [at, n] of counts.entries()) {
    const bound = bounds[at] ?? 0;
    if (n > 0 && below + n >= rank) {
      const from = bounds[at - 1] ?? 0;
      return from + (bound - from) * Math.max(0, (rank - below) / n);
    }
    below += n;
  }
  return bounds.at(-1) ?? null;
}

/** What was observed between two readings, of all series together. */
export function observedSince(now: readonly Buckets[], before: readonly Buckets[]): Buckets {
  const a = added(now);
  const b = added(before);
  return {
    bounds: a.bounds,
    counts: a.counts.map((n, at) => n - (b.counts[at] ?? 0)),
    count: a.count - b.count,
  };
}

function added(series: readonly Buckets[]): Buckets {
  const bounds = series[0]?.bounds ?? [];
  return {
    bounds,
    counts: bounds.map((_, at) => series.reduce((sum, {counts}) => sum + (counts[at] ?? 0), 0)),
    count: series.reduce((sum, {count}) => sum + count, 0),
  };
}
