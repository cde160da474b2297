/** What JSON escapes: all but the space and what follows it, without `"` and `\`. */
const ESCAPED = /[^ !#-[\]-\uffff]/;

/** `text` as a JSON string. */
export function jsonString(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : '"' + text + '"';
}
