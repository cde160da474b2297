const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/**
 * The bytes of some members of a JSON object, cut out of its text without parsing the rest; undefined when the text from
 * `start` on is no object.
 *
 * Looks at what lies between them only as far as it takes to pass it: who reads the bytes finds what is wrong with them.
 * Names are compared as they are written, so one with an escape in it is not found.
 */
export function jsonMembers<const N extends string>(
  bytes: Buffer,
  start: number,
  names: readonly N[],
): Readonly<Partial<Record<N, Buffer>>> | undefined {
  let at = pastSpaces(bytes, start);
  if (bytes[at] !== openBrace) return undefined;
  const found: Partial<Record<N, Buffer>> = {};
  let missing = names.length;
  at = pastSpaces(bytes, at + 1);
  while (missing > 0 && bytes[at] === quote) {
    const end = pastString(bytes, at);
    const name = bytes.toString('latin1', at + 1, end - 1);
    at = pastSpaces(bytes, end);
    if (bytes[at] !== colon) return undefined;
    const from = pastSpaces(bytes, at + 1);
    at = pastValue(bytes, from);
    const wanted = names.find((each) => each === name);
    if (wanted !== undefined) {
      found[wanted] = bytes.subarray(from, at);
      missing--;
    }
    at = pastSpaces(bytes, at);
    if (bytes[at] === closeBrace) break;
    if (bytes[at] !== comma) return undefined;
    at = pastSpaces(bytes, at + 1);
  }
  return found;
}

function pastSpaces(bytes: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at++;
  }
}

/** Behind the string that begins at `start`; at the end of the bytes when it does not end. */
function pastString(bytes: Buffer, start: number): number {
  let at = start + 1;
  for (;;) {
    const end = bytes.indexOf(quote, at);
    if (end < 0) return bytes.length;
    let escapes = 0;
    while (bytes[end - 1 - escapes] === backslash) escapes++;
    if (escapes % 2 === 0) return end + 1;
    at = end + 1;
  }
}

/** Behind the value that begins at `start`: at the comma, brace or bracket that follows, or at spaces before it. */
function pastValue(bytes: Buffer, start: number): number {
  let depth = 0;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === quote) {
      at = pastString(bytes, at);
    } else if (byte === openBrace || byte === openBracket) {
      depth++;
      at++;
    } else if (byte === closeBrace || byte === closeBracket) {
      if (depth === 0) return at;
      depth--;
      at++;
    } else if (
      depth === 0 &&
      (byte === comma || byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)
    ) {
      return at;
    } else {
      at++;
      continue;
    }
    if (depth === 0) return at;
  }
  return at;
}
