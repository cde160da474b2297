import type {ByteWriter} from '../../../kafka/memory-records/byte-writer.ts';
import type {JsonWriter} from './json-writer.ts';
import {digitsEnd} from './number-writers.ts';

/** Of the integers that are encoded here: they and their two's complement are exact as numbers. */
const MAX_DIGITS = 14;
const MAX_BYTES = 6;

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const QUOTE = 0x22;
const PADDING = 0x3d;
const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');

/** A numeric of that scale as Connect's Decimal. */
export function decimalWriter(scale: number): JsonWriter {
  return (out, bytes, start, end) => {
    const unscaled = smallUnscaled(bytes, start, end, scale);
    if (Number.isNaN(unscaled)) return false;
    writeBase64(out, unscaled);
    return true;
  };
}

/** A numeric of any scale as Debezium's VariableScaleDecimal, whose scale are the fraction digits up to the last but zeros. */
export const writeVariableScale: JsonWriter = (out, bytes, start, end) => {
  const scale = significantFraction(bytes, start, end);
  const unscaled = smallUnscaled(bytes, start, end, scale);
  if (Number.isNaN(unscaled)) return false;
  out.text('{"scale":');
  out.text(String(scale));
  out.text(',"value":');
  writeBase64(out, unscaled);
  out.text('}');
  return true;
};

function significantFraction(bytes: Uint8Array, start: number, end: number): number {
  const point = bytes.indexOf(POINT, start);
  if (point < 0 || point >= end) return 0;
  let last = end;
  while (bytes[last - 1] === ZERO) last--;
  return last - point - 1;
}

/** Value × 10^`scale` of a decimal text such as `-12.50`; NaN where it is long, or has other digits than zeros beyond the scale. */
function smallUnscaled(bytes: Uint8Array, start: number, end: number, scale: number): number {
  const first = bytes[start] === MINUS ? start + 1 : start;
  const point = digitsEnd(bytes, first, end);
  const fraction = point < end ? end - point - 1 : 0;
  if (point === first || point - first + Math.max(scale, fraction) > MAX_DIGITS || scale < 0)
    return NaN;
  let value = 0;
  for (let i = first; i < point; i++) value = value * 10 + (bytes[i] as number) - ZERO;
  if (point < end) {
    if (bytes[point] !== POINT || fraction === 0 || digitsEnd(bytes, point + 1, end) !== end)
      return NaN;
  }
  for (let i = 1; i <= scale; i++) {
    value = value * 10 + (i <= fraction ? (bytes[point + i] as number) - ZERO : 0);
  }
  for (let i = scale + 1; i <= fraction; i++) if (bytes[point + i] !== ZERO) return NaN;
  // Never -0.
  return first === start ? value : 0 - value;
}

/** Writes the shortest big-endian two's complement of an integer of up to 14 digits, in base64 as a JSON string. */
function writeBase64(out: ByteWriter, value: number): void {
  let count = 1;
  let limit = 0x80;
  while (count < MAX_BYTES && (value >= limit || value < -limit)) {
    count++;
    limit *= 0x100;
  }
  // Bits beyond the last byte are zero, as base64 has them.
  const unsigned = value < 0 ? value + 2 * limit : value;
  const sextets = Math.ceil((count * 8) / 6);
  const size = Math.ceil(count / 3) * 4;
  out.reserve(size + 2);
  const {buffer, at} = out;
  buffer[at] = QUOTE;
  let rest = unsigned * 2 ** (sextets * 6 - count * 8);
  for (let i = sextets; i > 0; i--) {
    const sextet = rest % 64;
    buffer[at + i] = ALPHABET[sextet] as number;
    rest = (rest - sextet) / 64;
  }
  for (let i = sextets + 1; i <= size; i++) buffer[at + i] = PADDING;
  buffer[at + size + 1] = QUOTE;
  out.at = at + size + 2;
}
