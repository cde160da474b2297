import {murmur2} from '../partitioner.ts';

/**
 * The latest offset of each key, within a bound of memory: key bytes in one buffer, found by open addressing, so that
 * a million keys are no garbage collector's business.
 */
export class KeyOffsetMap {
  readonly #bytes: Buffer;
  /** Per slot the number of its key plus 1; 0 is free. */
  readonly #slots: Int32Array;
  readonly #ends: Int32Array;
  readonly #offsets: Float64Array;
  #size = 0;

  /** Holds up to `keyBytes` bytes of keys and about as many keys as that is of 32 bytes each. */
  constructor(keyBytes: number) {
    const capacity = Math.max(16, Math.floor(keyBytes / 32));
    this.#bytes = Buffer.allocUnsafeSlow(keyBytes);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(capacity * 2)));
    this.#ends = new Int32Array(capacity + 1);
    this.#offsets = new Float64Array(capacity);
  }

  /** Remembers the offset, which is above those before; false when there is no room for a new key. */
  set(key: Buffer, offset: number): boolean {
    const slot = this.#slot(key);
    const found = this.#slots[slot] as number;
    if (found > 0) {
      this.#offsets[found - 1] = offset;
      return true;
    }
    const start = this.#ends[this.#size] as number;
    if (this.#size === this.#offsets.length || start + key.length > this.#bytes.length)
      return false;
    this.#bytes.set(key, start);
    this.#offsets[this.#size] = offset;
    this.#ends[++this.#size] = start + key.length;
    this.#slots[slot] = this.#size;
    return true;
  }

  get(key: Buffer): number | undefined {
    const found = this.#slots[this.#slot(key)] as number;
    return found === 0 ? undefined : this.#offsets[found - 1];
  }

  /** The key's slot, or the free one where it belongs. */
  #slot(key: Buffer): number {
    const mask = this.#slots.length - 1;
    for (let slot = murmur2(key) & mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot] as number;
      if (found === 0) return slot;
      const start = this.#ends[found - 1] as number;
      const end = this.#ends[found] as number;
      if (key.compare(this.#bytes, start, end) === 0) return slot;
    }
  }
}
