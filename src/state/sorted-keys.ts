/** Split at twice this size: small enough that an insertion moves little memory, large enough that there are few chunks. */
const chunkSize = 256;

/** A set of strings in ascending order of their UTF-16 code units, which for latin1 text is the order of the bytes. */
export class SortedKeys {
  /** Non-empty, each sorted, and each wholly before the next one. */
  #chunks: string[][] = [];

  /** Builds the set from keys in ascending order, each there once. */
  static fromSorted(keys: readonly string[]): SortedKeys {
    const sorted = new SortedKeys();
    for (let i = 0; i < keys.length; i += chunkSize) {
      sorted.#chunks.push(keys.slice(i, i + chunkSize));
    }
    return sorted;
  }

  add(key: string): void {
    const at = Math.max(0, this.#chunkOf(key));
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push([key]);
      return;
    }
    const i = lowerBound(chunk, key);
    if (chunk[i] === key) return;
    chunk.splice(i, 0, key);
    if (chunk.length >= 2 * chunkSize) this.#chunks.splice(at + 1, 0, chunk.splice(chunkSize));
  }

  delete(key: string): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return;
    const i = lowerBound(chunk, key);
    if (chunk[i] !== key) return;
    if (chunk.length === 1) this.#chunks.splice(at, 1);
    else chunk.splice(i, 1);
  }

  /** The keys that begin with `prefix`, in order, as of the call. */
  withPrefix(prefix: string): readonly string[] {
    const found: string[] = [];
    for (let at = Math.max(0, this.#chunkOf(prefix)); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at] as string[];
      for (let i = lowerBound(chunk, prefix); i < chunk.length; i++) {
        const key = chunk[i] as string;
        if (!key.startsWith(prefix)) return found;
        found.push(key);
      }
    }
    return found;
  }

  /** Index of the last chunk that begins at or before `key`; -1 when all begin after it. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (((this.#chunks[middle] as string[])[0] as string) <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
