/** A statement without what differs from load to load: texts, and whatever has a digit. */
export function shapeOf(sql: string): string {
  return sql
    .replaceAll(/'(?:[^'\\]|\\[^])*'/g, '?')
    .replaceAll(/["`]?[\w./-]*\d[\w./-]*["`]?/g, '#');
}

/** Files are removed beside other statements; such a one stands behind none, and none stands behind it. */
const besides = /^(?:REMOVE|DELETE '|DELETE \?)/;

/**
 * The places of statements: each is a shape behind another one, so that a COMMIT behind an UPDATE is another place than a
 * COMMIT behind a SELECT.
 */
export class StatementPlaces {
  readonly #seen = new Set<string>();
  #before = '';
  #last = '';

  /** The statement that was new last. */
  get last(): string {
    return this.#last;
  }

  /** Whether nothing was in this place before. Asked of every statement, in order; behind a new one comes a fresh start. */
  isNew(sql: string): boolean {
    const shape = shapeOf(sql);
    const isBeside = besides.test(shape);
    const place = isBeside ? shape : `${this.#before}\n${shape}`;
    if (this.#seen.has(place)) {
      if (!isBeside) this.#before = shape;
      return false;
    }
    this.#seen.add(place);
    this.#last = sql;
    this.restart();
    return true;
  }

  /** The next statement is the first one of a process. */
  restart(): void {
    this.#before = '';
  }

  /** How many statements of these, which came in a row, are in a place where none was. */
  missing(statements: readonly string[]): number {
    let before = '';
    return statements.filter((sql) => {
      const shape = shapeOf(sql);
      if (besides.test(shape)) return !this.#seen.has(shape);
      const place = `${before}\n${shape}`;
      before = shape;
      return !this.#seen.has(place);
    }).length;
  }
}
