/** Smaller pieces are cheap to get, and larger ones are rare. */
const MIN_BYTES = 1 << 18;
const MAX_BYTES = 1 << 22;
/** As many as are written while others are on their way. */
const MAX_PIECES = 8;

/**
 * The memory of record batches, to be used again.
 *
 * A megabyte that is allocated anew for each batch waits for the collector, which runs the more often for it, and
 * promotes what it would have found dead a little later.
 */
export class RecordMemory {
  readonly #free: Buffer[] = [];

  /** At least so many bytes, with anything in them. */
  take(bytes: number): Buffer {
    if (bytes >= MIN_BYTES) {
      const at = this.#free.findIndex(({length}) => length >= bytes);
      if (at >= 0) return this.#free.splice(at, 1)[0] as Buffer;
    }
    return Buffer.allocUnsafeSlow(bytes);
  }

  /** Gives back all the memory that `buffer` is a part of. Once only, and nobody may read or write it any more. */
  give({buffer}: Buffer): void {
    const {byteLength} = buffer;
    if (byteLength < MIN_BYTES || byteLength > MAX_BYTES || this.#free.length >= MAX_PIECES) return;
    this.#free.push(Buffer.from(buffer as ArrayBuffer));
  }
}

/** That of the process. */
export const recordMemory = new RecordMemory();
