/** Most bytes that one takes, of a number up to 2^53. */
export const VARINT_BYTES = 8;

/** How many bytes `putVarint` takes. */
export function varintSize(value: number): number {
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  if (rest < 0x80) return 1;
  if (rest < 0x4000) return 2;
  let size = 1;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Zigzag: small numbers of either sign are short. Returns where it ends. */
export function putVarint(target: Uint8Array, start: number, value: number): number {
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  let end = start;
  while (rest > 0x7fffffff) {
    target[end++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest > 0x7f) {
    target[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[end] = rest;
  return end + 1;
}
