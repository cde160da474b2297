import type {ByteWriter} from '../../../kafka/memory-records/byte-writer.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const ZERO = 0x30;
const HEX_DIGITS = Buffer.from('0123456789abcdef');
const LETTER_U = 0x75;

/** By byte: 0 for what JSON has as it is, the letter after the backslash of a short escape, `u` for the other escapes. */
const escapes = new Uint8Array(256);
escapes.fill(LETTER_U, 0, SPACE);
for (const escaped of ['\b', '\t', '\n', '\f', '\r', '"', '\\'])
  escapes[escaped.charCodeAt(0)] = JSON.stringify(escaped).charCodeAt(2);

/** Writes the text as a JSON string; what is not ASCII stays as it is. */
export function writeString(
  out: ByteWriter,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  out.reserve(end - start + 2);
  const {buffer} = out;
  let {at} = out;
  buffer[at++] = QUOTE;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (escapes[byte] !== 0) return writeEscaped(out, bytes, start, end);
    buffer[at++] = byte;
  }
  buffer[at++] = QUOTE;
  out.at = at;
  return true;
}

function writeEscaped(out: ByteWriter, bytes: Uint8Array, start: number, end: number): true {
  // As much as all escapes of the long form take.
  out.reserve((end - start) * 6 + 2);
  const {buffer} = out;
  let {at} = out;
  buffer[at++] = QUOTE;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    const letter = escapes[byte] as number;
    if (letter === 0) {
      buffer[at++] = byte;
      continue;
    }
    buffer[at++] = BACKSLASH;
    buffer[at++] = letter;
    if (letter !== LETTER_U) continue;
    buffer[at++] = ZERO;
    buffer[at++] = ZERO;
    buffer[at++] = HEX_DIGITS[byte >> 4] as number;
    buffer[at++] = HEX_DIGITS[byte & 0xf] as number;
  }
  buffer[at++] = QUOTE;
  out.at = at;
  return true;
}
