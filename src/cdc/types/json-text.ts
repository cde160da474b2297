/** What makes a string differ from its JSON text: quotes, backslashes, control characters. */
const ESCAPED = /["\\\u0000-\u001f]/;

/** `text` as a JSON string. */
export function jsonString(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : '"' + text + '"';
}
