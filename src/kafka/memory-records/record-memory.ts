/** Smaller pieces are cheap to get, and larger ones are rare. Both are powers of two, as what is taken anew is rounded up to one. */
const MIN_BYTES = 1 << 18;
const MAX_BYTES = 1 << 22;
/** As many as are written while others are on their way. */
const MAX_PIECES = 16;

/**
 * The memory of record batches, to be used again.
 *
 * A megabyte that is allocated anew for each batch waits for the collector, which runs the more often for it, and
 * promotes what it would have found dead a little later.
 */
export class RecordMemory {
  /** The smallest first. */
  readonly #free: Buffer[] = [];

  /** At least so many bytes, with anything in them. */
  take(bytes: number): Buffer {
    if (bytes < MIN_BYTES || bytes > MAX_BYTES) return Buffer.allocUnsafeSlow(bytes);
    const at = this.#free.findIndex(({length}) => length >= bytes);
    if (at >= 0) return this.#free.splice(at, 1)[0] as Buffer;
    // Batches are of all sizes, and what is a little too small for the next one serves nobody.
    return Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(bytes)));
  }

  /** Gives back all the memory that `buffer` is a part of. Once only, and nobody may read or write it any more. */
  give({buffer}: Buffer): void {
    const {byteLength} = buffer;
    if (byteLength < MIN_BYTES || byteLength > MAX_BYTES) return;
    const larger = this.#free.findIndex(({length}) => length > byteLength);
    const piece = Buffer.from(buffer as ArrayBuffer);
    this.#free.splice(larger < 0 ? this.#free.length : larger, 0, piece);
    if (this.#free.length > MAX_PIECES) this.#free.shift();
  }
}

/** That of the process. */
export const recordMemory = new RecordMemory();
