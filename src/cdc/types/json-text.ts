/** What JSON escapes: all but the space and what follows it, without `"` and `\`. */
const ESCAPED = /[^ !#-[\]-\uffff]/;

/** `text` as a JSON string. */
export function jsonString(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : '"' + text + '"';
}

/** `text` as a JSON string of ASCII characters. */
export function asciiString(text: string): string {
  return asciiJson(JSON.stringify(text));
}

/** The same JSON without characters beyond ASCII, which stand only in strings: `é` becomes `\u00e9`. */
export function asciiJson(json: string): string {
  return json.replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
