import type {ByteWriter} from '../../../kafka/memory-records/byte-writer.ts';

/** What JSON escapes: all but the space and what follows it, without `"` and `\`. */
const ESCAPED = /[^ !#-[\]-\uffff]/;

/** `text` as a JSON string. */
export function jsonString(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : '"' + text + '"';
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Up to here a loop is faster than a search for what has to be escaped, and a call to write it. */
const SHORT_LENGTH = 64;

/** Writes `text` as a JSON string. */
export function writeJsonString(out: ByteWriter, text: string): void {
  const {length} = text;
  if (length > SHORT_LENGTH) return out.text(jsonString(text));
  out.reserve(length + 2);
  const {buffer, at} = out;
  buffer[at] = QUOTE;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7f || code === QUOTE || code === BACKSLASH)
      return out.text(jsonString(text));
    buffer[at + 1 + i] = code;
  }
  buffer[at + 1 + length] = QUOTE;
  out.at = at + length + 2;
}
