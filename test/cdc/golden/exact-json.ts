/** A number of a JSON text by its digits, where they tell more than a double does. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
const MARK = '\u0000number:';
const MARKED = /"\\u0000number:([^"]*)"/g;

/**
 * `JSON.parse` that loses no digit: numbers come as their texts. Doubles in one form, whichever a writer gave them:
 * `1.0E10` and `1e10` are equal.
 */
export function parseExactly(text: string): unknown {
  const marked = text.replace(TOKENS, (token) =>
    token.startsWith('"') ? token : JSON.stringify(MARK + oneForm(token)),
  );
  return JSON.parse(marked, (_name, value: unknown) =>
    typeof value === 'string' && value.startsWith(MARK)
      ? new JsonNumber(value.slice(MARK.length))
      : value,
  );
}

function oneForm(digits: string): string {
  if (!/[.eE]/.test(digits)) return digits;
  const value = Number(digits);
  return Object.is(value, -0) ? '-0' : String(value);
}

/** JSON text of a value, with the digits of its numbers. */
export function exactText(value: unknown): string | undefined {
  const text = JSON.stringify(value, (_name, item: unknown) =>
    item instanceof JsonNumber ? MARK + item.text : item,
  ) as string | undefined;
  return text?.replaceAll(MARKED, '$1');
}
