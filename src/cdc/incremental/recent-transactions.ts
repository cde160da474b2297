/**
 * How many are remembered. One that was delivered longer ago and is still running on the server has waited for a
 * synchronous standby all that time.
 */
const CAPACITY = 8_192;

/** The transactions that the stream has delivered lately. */
export class RecentTransactions {
  readonly #xids = new Uint32Array(CAPACITY);
  #count = 0;

  add(xid: number): void {
    this.#xids[this.#count++ % CAPACITY] = xid;
  }

  /** How many were ever added: a point in time for `includesBefore`. */
  get count(): number {
    return this.#count;
  }

  /** Whether one of `xids` was among the first `count`. */
  includesBefore(count: number, xids: readonly number[]): boolean {
    if (xids.length === 0) return false;
    const wanted = new Set(xids);
    for (let at = Math.max(0, this.#count - CAPACITY); at < count; at++) {
      if (wanted.has(this.#xids[at % CAPACITY] as number)) return true;
    }
    return false;
  }
}
