import * as unsigned from '../../common/unsigned-varint.ts';

/** Most bytes that one takes, of a number up to 2^53. */
export const VARINT_BYTES = 8;

/** How many bytes `putVarint` takes. */
export function varintSize(value: number): number {
  return unsigned.varintSize(unsigned.zigzag(value));
}

/** Zigzag: small numbers of either sign are short. Returns where it ends. */
export function putVarint(target: Uint8Array, start: number, value: number): number {
  return unsigned.putVarint(target, start, unsigned.zigzag(value));
}
