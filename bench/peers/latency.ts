/** Milliseconds from commit to visibility. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly orders: number;
}

/** Of the orders in `commits`, both in microseconds of this machine's clock. Orders that have not arrived count as an error. */
export function latency(
  commits: ReadonlyMap<string, number>,
  arrivals: ReadonlyMap<string, number>,
): Latency {
  const sorted = Float64Array.from(commits, ([id, committed]) => {
    const arrived = arrivals.get(id);
    if (arrived === undefined) throw new Error(`order ${id} has not come out`);
    return (arrived - committed) / 1000;
  }).toSorted();
  const at = (quantile: number): number => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))];
    return Math.round((value ?? NaN) * 10) / 10;
  };
  return {p50: at(0.5), p99: at(0.99), max: at(1), orders: sorted.length};
}
