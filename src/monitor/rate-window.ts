/** Rates are over the last ten seconds: at a few records a second a shorter window shows noise. */
const WINDOW_MS = 10_000;

/** Makes rates of counters that are looked at every now and then. */
export class RateWindow {
  readonly #looks: {readonly at: number; readonly totals: ReadonlyMap<string, number>}[] = [];

  /** The counters as they are now. */
  look(at: number, totals: ReadonlyMap<string, number>): void {
    this.#looks.push({at, totals});
    // The last look before the window began stays: the window begins with it.
    while ((this.#looks[1]?.at ?? Infinity) <= at - WINDOW_MS) this.#looks.shift();
  }

  /** By how much a counter has grown a second; null until it was looked at twice. */
  rate(key: string): number | null {
    const first = this.#looks[0];
    const last = this.#looks.at(-1);
    if (first === undefined || last === undefined || first.at === last.at) return null;
    // One that has only just appeared began at 0.
    const grown = (last.totals.get(key) ?? 0) - (first.totals.get(key) ?? 0);
    return (Math.max(0, grown) * 1000) / (last.at - first.at);
  }

  /** Forgets everything: the next look is the first one. */
  clear(): void {
    this.#looks.length = 0;
  }
}
