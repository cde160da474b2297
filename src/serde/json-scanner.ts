/** Where JSON text stops being JSON. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const digit0 = 0x30;
const digit1 = 0x31;
const digit9 = 0x39;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

const numberToken = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** What a value begins with. */
export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'true' | 'false' | 'null';

/**
 * Reads JSON text (RFC 8259) token by token and leaves numbers as text, so that no digit is lost.
 *
 * Accepts exactly what `JSON.parse` accepts; everything throws JsonSyntaxError where it does not.
 */
export class JsonScanner {
  readonly text: string;
  #at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Skips spaces and says what comes next, without consuming it. */
  kind(): JsonKind {
    const unit = this.#peek();
    if (unit === quote) return 'string';
    if (unit === openBrace) return 'object';
    if (unit === openBracket) return 'array';
    if (unit === 0x6e) return 'null';
    if (unit === 0x74) return 'true';
    if (unit === 0x66) return 'false';
    if (unit === 0x2d || (unit >= digit0 && unit <= digit9)) return 'number';
    return this.#fail();
  }

  literal(kind: 'true' | 'false' | 'null'): void {
    this.#peek();
    if (!this.text.startsWith(kind, this.#at)) this.#fail();
    this.#at += kind.length;
  }

  number(): string {
    const {text} = this;
    const first = this.#peek();
    const start = this.#at;
    // Nearly all numbers are integers without a sign; the others take the pattern.
    if (first >= digit1 && first <= digit9) {
      let at = start + 1;
      let unit = text.charCodeAt(at);
      while (unit >= digit0 && unit <= digit9) unit = text.charCodeAt(++at);
      if (unit === comma || unit === closeBrace) {
        this.#at = at;
        return text.slice(start, at);
      }
    }
    numberToken.lastIndex = start;
    const token = numberToken.exec(text)?.[0] ?? this.#fail();
    this.#at += token.length;
    return token;
  }

  string(): string {
    const {text} = this;
    if (this.#peek() !== quote) this.#fail();
    const start = this.#at;
    let at = start + 1;
    let escaped = false;
    for (; ; at++) {
      const unit = text.charCodeAt(at);
      if (unit === quote) break;
      if (unit === backslash) {
        escaped = true;
        at++;
      } else if (!(unit >= 0x20)) {
        // A control character, or NaN past the end.
        this.#at = at;
        this.#fail();
      }
    }
    this.#at = at + 1;
    if (!escaped) return text.slice(start + 1, at);
    try {
      return JSON.parse(text.slice(start, at + 1)) as string;
    } catch {
      this.#at = start;
      return this.#fail();
    }
  }

  /** Consumes `label`, a member's name with its colon, if it comes next without spaces. */
  tryLabel(label: string): boolean {
    if (!this.text.startsWith(label, this.#at)) return false;
    this.#at += label.length;
    return true;
  }

  /** A member's name and its colon. */
  label(): string {
    const name = this.string();
    if (this.#peek() !== colon) this.#fail();
    this.#at++;
    return name;
  }

  /** Enters an object or array; false, and past its end, when it is empty. */
  open(kind: 'object' | 'array'): boolean {
    if (this.#peek() !== (kind === 'object' ? openBrace : openBracket)) this.#fail();
    this.#at++;
    if (this.#peek() !== (kind === 'object' ? closeBrace : closeBracket)) return true;
    this.#at++;
    return false;
  }

  /** After a member: true when another follows, false, and past its end, when the object or array ends. */
  next(kind: 'object' | 'array'): boolean {
    const unit = this.#peek();
    const more = unit === comma;
    if (!more && unit !== (kind === 'object' ? closeBrace : closeBracket)) this.#fail();
    this.#at++;
    return more;
  }

  /** Passes over one value of any depth. */
  skip(): void {
    const within: ('object' | 'array')[] = [];
    do {
      const kind = this.kind();
      if (kind === 'object' || kind === 'array') {
        if (this.open(kind)) {
          within.push(kind);
          if (kind === 'object') this.label();
          continue;
        }
      } else if (kind === 'string') this.string();
      else if (kind === 'number') this.number();
      else this.literal(kind);
      this.#leave(within);
    } while (within.length > 0);
  }

  /** @throws JsonSyntaxError when anything but spaces is left. */
  end(): void {
    this.#peek();
    if (this.#at < this.text.length) this.#fail();
  }

  /** Goes on to the next member that {@link skip} has to read, out of all that end here. */
  #leave(within: ('object' | 'array')[]): void {
    for (let kind = within.at(-1); kind !== undefined; kind = within.at(-1)) {
      if (this.next(kind)) {
        if (kind === 'object') this.label();
        return;
      }
      within.pop();
    }
  }

  #peek(): number {
    const {text} = this;
    let unit = text.charCodeAt(this.#at);
    while (unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09) {
      unit = text.charCodeAt(++this.#at);
    }
    return unit;
  }

  #fail(): never {
    if (this.#at >= this.text.length) throw new JsonSyntaxError('the JSON ends too early');
    const found = JSON.stringify(this.text.slice(this.#at, this.#at + 1));
    throw new JsonSyntaxError(`not JSON: unexpected ${found} at character ${this.#at}`);
  }
}
