/**
 * How many rows of a batch to write at once: all of them, until the warehouse rejects one.
 *
 * Then first those before it, which are good, and from it on ever more: a batch full of bad rows costs a write each, not
 * a search through all that is left for each.
 */
export class PartSize {
  #size: number;
  #isPrefix = false;

  constructor(rows: number) {
    this.#size = rows;
  }

  get current(): number {
    return this.#size;
  }

  written(): void {
    this.#size = this.#isPrefix ? 1 : this.#size * growth;
    this.#isPrefix = false;
  }

  /** The row behind `before` others was rejected; skip it when there are none. */
  rejected(before: number): void {
    this.#size = Math.max(1, before);
    this.#isPrefix = before > 0;
  }
}

/** 50,000 rows are reached again in 8 writes. */
const growth = 4;
