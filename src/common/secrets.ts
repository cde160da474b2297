/** What stands in the place of a secret. */
const MASK = '***';

/** Shorter ones are parts of ordinary words: they count only where they stand alone. */
const LONG_ENOUGH = 8;

const MAX_DEPTH = 16;

/** Values that no output may hold, and how to take them out of it. */
export class Secrets {
  readonly #values = new Set<string>();
  #known: RegExp | undefined;

  constructor(values: Iterable<string> = []) {
    this.add(values);
  }

  /** From now on these are secrets too. */
  add(values: Iterable<string>): void {
    for (const value of values) for (const form of formsOf(value)) this.#values.add(form);
    // The longest first: a part of a secret must not be found before the whole.
    const sorted = [...this.#values].toSorted((a, b) => b.length - a.length);
    this.#known =
      sorted.length === 0 ? undefined : new RegExp(sorted.map(patternOf).join('|'), 'g');
  }

  /**
   * The text with `***` for each secret, in the forms that errors of drivers quote it in, and for whatever else stands
   * where an address or a header has its password.
   */
  redact(text: string): string {
    const known = this.#known === undefined ? text : text.replace(this.#known, MASK);
    return known
      .replaceAll(/(:\/\/[^\s/:@"']*):[^\s/@"']+@/g, `$1:${MASK}@`)
      .replaceAll(
        /(\bauthorization["']?\s*[:=]\s*["']?(?:basic|bearer)\s+)[^\s"',}]+/gi,
        `$1${MASK}`,
      );
  }

  /**
   * The same for every text in something that is about to become JSON; keys stay as they are. Errors become what is to
   * be told of them, since JSON has no form for them. What lies more than 16 levels deep is left out.
   */
  redactAll(value: unknown, depth = 0): unknown {
    if (typeof value === 'string') return this.redact(value);
    if (typeof value !== 'object' || value === null) return value;
    // Errors of drivers lead to sockets, and these back to them.
    if (depth > MAX_DEPTH) return undefined;
    const inner = (item: unknown): unknown => this.redactAll(item, depth + 1);
    if (Array.isArray(value)) return value.map(inner);
    if (value instanceof Error) return inner(errorFields(value));
    const {toJSON} = value as {readonly toJSON?: () => unknown};
    if (typeof toJSON === 'function') return inner(toJSON.call(value));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inner(item)]));
  }
}

/** A secret as it is, in JSON, in an address and in a `Basic` header; of a key in PEM also each line. */
function formsOf(secret: string): readonly string[] {
  const lines = secret.split(/\s*\n\s*/).filter((line) => !line.startsWith('-----'));
  return [secret, ...lines]
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .flatMap((text) => {
      const bytes = Buffer.from(text);
      return [
        text,
        JSON.stringify(text).slice(1, -1),
        // Of the bytes: half a surrogate pair would throw.
        encodeURIComponent(bytes.toString()),
        bytes.toString('base64'),
        ...[0, 1, 2].map((before) => withinBase64(bytes, before)).filter(isLong),
      ];
    });
}

/** What always stands for the bytes in the base64 of something that has `before` (modulo 3) bytes before them: as of `user:password`. */
function withinBase64(bytes: Buffer, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
  // The letters at both ends hold bits of what is around.
  const start = before === 0 ? 0 : before + 1;
  return text.slice(start, Math.floor(((before + bytes.length) * 8) / 6));
}

function isLong(form: string): boolean {
  return form.length >= LONG_ENOUGH;
}

function patternOf(form: string): string {
  const literal = form.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
  return isLong(form) ? literal : `(?<![A-Za-z0-9])${literal}(?![A-Za-z0-9])`;
}

/** Of what drivers add, texts and numbers: the rest is their requests and connections. */
function errorFields(error: Error): object {
  const {name, message, stack, cause} = error;
  const details = Object.entries(error).filter(
    ([, value]) => typeof value === 'string' || typeof value === 'number',
  );
  return {...Object.fromEntries(details), type: name, message, stack, cause};
}
