/** What makes a string differ from its JSON text: quotes, backslashes, control characters. */
const ESCAPED = /["\\\u0000-\u001f]/;

/** `text` as a JSON string. */
export function jsonString(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : '"' + text + '"';
}

/** The same JSON without characters beyond ASCII, which stand only in strings: `é` becomes `\u00e9`. */
export function asciiJson(json: string): string {
  return json.replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
