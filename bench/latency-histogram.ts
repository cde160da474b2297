/** Cumulative counts by upper bound, in seconds, of one Prometheus histogram. */
export type Buckets = ReadonlyMap<number, number>;

/** The buckets of `name` in a Prometheus text, summed over all label sets. */
export function parseBuckets(text: string, name: string): Buckets {
  const buckets = new Map<number, number>();
  for (const line of text.split('\n')) {
    const match = new RegExp(`^${name}_bucket\\{.*le="([^"]+)".*\\} (\\S+)$`).exec(line);
    if (match === null) continue;
    const bound = match[1] === '+Inf' ? Infinity : Number(match[1]);
    buckets.set(bound, (buckets.get(bound) ?? 0) + Number(match[2]));
  }
  return buckets;
}

/** The upper bound of the bucket in which the quantile lies, of what came between two readings; milliseconds. */
export function quantileMs(before: Buckets, after: Buckets, quantile: number): number {
  const bounds = [...after.keys()].toSorted((a, b) => a - b);
  const count = (bound: number): number => (after.get(bound) ?? 0) - (before.get(bound) ?? 0);
  const wanted = quantile * count(Infinity);
  return Math.round((bounds.find((bound) => count(bound) >= wanted) ?? Infinity) * 10_000) / 10;
}
