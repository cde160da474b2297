/** Confluent's header: a zero byte and the schema id. */
const WIRE_HEADER_BYTES = 5;

/** Numbers of so many digits do not fit a JavaScript number. */
const textsAndLongNumbers = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * The JSON of a record's key or value, with or without Confluent's header, for people: long numbers are text, so that no
 * digit is lost. What is no JSON is text, or base64 where it is no UTF-8 either.
 */
export function recordJson(bytes: Buffer): unknown {
  const body =
    bytes[0] === 0 && bytes.length > WIRE_HEADER_BYTES ? bytes.subarray(WIRE_HEADER_BYTES) : bytes;
  let text: string;
  try {
    text = new TextDecoder('utf-8', {fatal: true}).decode(body);
  } catch {
    return bytes.toString('base64');
  }
  try {
    const quoted = text.replaceAll(textsAndLongNumbers, (found) =>
      found.startsWith('"') ? found : `"${found}"`,
    );
    return JSON.parse(quoted) as unknown;
  } catch {
    return text;
  }
}
