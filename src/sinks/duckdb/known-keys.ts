/**
 * Which keys a table may hold: a Bloom filter over 53-bit key hashes that grows with them.
 *
 * "No" is certain, so that a new key is inserted without looking for its old row; "yes" is wrong in about 1 of 1,000
 * cases, and for keys that were deleted. Two bytes for each key.
 */
export class KnownKeys {
  readonly #layers: Layer[] = [];

  mayHave(hash: number): boolean {
    for (const layer of this.#layers) if (layer.mayHave(hash)) return true;
    return false;
  }

  add(hash: number): void {
    let layer = this.#layers.at(-1);
    if (layer === undefined || layer.full) {
      // A layer that is twice the last keeps their number, and with it the cost of a look-up, logarithmic.
      layer = new Layer(layer === undefined ? smallest : layer.words * 2);
      this.#layers.push(layer);
    }
    layer.add(hash);
  }
}

/** 32-bit words of the first layer: room for 65,536 keys. */
const smallest = 1 << 15;

/** 16 bits a key and 6 probes: (1 - e^(-6/16))^6 = 0.0009. */
const [bitsPerKey, probes] = [16, 6];

class Layer {
  readonly #bits: Uint32Array;
  #count = 0;

  constructor(words: number) {
    this.#bits = new Uint32Array(words);
  }

  get words(): number {
    return this.#bits.length;
  }

  get full(): boolean {
    return this.#count * bitsPerKey >= this.#bits.length * 32;
  }

  mayHave(hash: number): boolean {
    const mask = this.#bits.length * 32 - 1;
    let at = hash >>> 0;
    const step = stepOf(hash);
    for (let i = 0; i < probes; i++) {
      const bit = at & mask;
      if ((((this.#bits[bit >>> 5] as number) >>> (bit & 31)) & 1) === 0) return false;
      at = (at + step) >>> 0;
    }
    return true;
  }

  add(hash: number): void {
    const mask = this.#bits.length * 32 - 1;
    let at = hash >>> 0;
    const step = stepOf(hash);
    for (let i = 0; i < probes; i++) {
      const bit = at & mask;
      this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] as number) | (1 << (bit & 31));
      at = (at + step) >>> 0;
    }
    this.#count++;
  }
}

/** Odd, so that the probes of one key differ; from the 21 bits of the hash that its start does not use. */
function stepOf(hash: number): number {
  return (Math.imul(Math.floor(hash / 0x1_0000_0000), 0x9e37_79b1) | 1) >>> 0;
}

/** 53 bits of a text's UTF-16 units, a number that JSON and BIGINT hold exactly. Stored in tables: never change it. */
export function keyHash(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 0x1_0000_0000 * (0x1f_ffff & low) + (high >>> 0);
}
