import {isUtf8} from 'node:buffer';

/** Up to here a loop is faster than a call of what looks at many bytes at once. */
const SHORT_BYTES = 64;

/** Whether `buffer[start, end)` is UTF-8, which all is that a database with the encoding UTF8 sends. */
export function isUtf8Text(buffer: Buffer, start: number, end: number): boolean {
  let at = start;
  if (end - start <= SHORT_BYTES) while (at < end && (buffer[at] as number) < 0x80) at++;
  return at === end || isUtf8(buffer.subarray(at, end));
}
