/** What four bytes hold; up to here, and of what is left of a number of up to 2^53, arithmetic is that of integers. */
const FOUR_BYTES = 2 ** 28;

/** How many bytes {@link putVarint} takes. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < FOUR_BYTES ? 4 : 4 + varintSize(Math.floor(value / FOUR_BYTES));
}

/** Writes a number from 0 to 2^53, seven bits a byte, the lowest first; returns where it ends. */
export function putVarint(target: Uint8Array, at: number, value: number): number {
  let rest = value;
  if (rest >= FOUR_BYTES) {
    const high = Math.floor(rest / FOUR_BYTES);
    const low = rest - high * FOUR_BYTES;
    target[at++] = low | 0x80;
    target[at++] = (low >>> 7) | 0x80;
    target[at++] = (low >>> 14) | 0x80;
    target[at++] = (low >>> 21) | 0x80;
    rest = high;
  }
  while (rest > 0x7f) {
    target[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[at] = rest;
  return at + 1;
}

/** Numbers of either sign as such ones: small ones stay small. */
export function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1;
}

export function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
