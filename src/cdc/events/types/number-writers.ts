import type {ByteWriter} from '../../../kafka/memory-records/byte-writer.ts';

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const QUOTE = 0x22;
const TRUE = 0x74;
const FALSE = 0x66;
/** Of the largest int8. */
const MAX_DIGITS = 19;

export function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}

export function writeBoolean(
  out: ByteWriter,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const byte = bytes[start];
  if (end - start !== 1 || (byte !== TRUE && byte !== FALSE)) return false;
  out.text(byte === TRUE ? 'true' : 'false');
  return true;
}

/** An int2, int4 or int8. */
export function writeInteger(
  out: ByteWriter,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const first = bytes[start] === MINUS ? start + 1 : start;
  if (end - first > MAX_DIGITS || digitsEnd(bytes, first, end) !== end) return false;
  if (!isJsonInteger(bytes, first, end)) return false;
  out.range(bytes, start, end);
  return true;
}

/** A float4 or float8 without an exponent. */
export function writeFloat(
  out: ByteWriter,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const first = bytes[start] === MINUS ? start + 1 : start;
  const point = digitsEnd(bytes, first, end);
  if (!isJsonInteger(bytes, first, point) || !endsInFraction(bytes, point, end)) return false;
  out.range(bytes, start, end);
  return true;
}

/** The digits of a numeric as a JSON string. */
export function writeNumericText(
  out: ByteWriter,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const first = bytes[start] === MINUS ? start + 1 : start;
  const point = digitsEnd(bytes, first, end);
  if (point === first || !endsInFraction(bytes, point, end)) return false;
  out.byte(QUOTE);
  out.range(bytes, start, end);
  out.byte(QUOTE);
  return true;
}

/** Where the digits that begin at `start` end. */
export function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isDigit(bytes[at] as number)) at++;
  return at;
}

/** Digits, of which the first is a zero only by itself. */
function isJsonInteger(bytes: Uint8Array, start: number, end: number): boolean {
  return end > start && (bytes[start] !== ZERO || end === start + 1);
}

/** Nothing, or a point with digits behind it. */
function endsInFraction(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return true;
  return bytes[start] === POINT && end - start > 1 && digitsEnd(bytes, start + 1, end) === end;
}
