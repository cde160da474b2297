/** In place of where a value begins and ends. */
export const NULL = -1;
export const UNSENT = -2;

/** What `Buffer` has and its types lack: slices without the checks of `toString`. */
interface FastBuffer extends Buffer {
  utf8Slice(start: number, end: number): string;
}

/**
 * The values of one row in the order of the relation's columns: Postgres' text, null, or undefined for what was not sent
 * (an unchanged TOAST value; in an old tuple also a column outside of the replica identity).
 *
 * The texts stay where the socket was read into, in UTF-8, and become strings only where somebody asks for one.
 */
export class Tuple {
  readonly bytes: Buffer;
  /** Two numbers for each column: where in `bytes` its text begins and ends, or twice `NULL` or `UNSENT`. */
  readonly spans: readonly number[];

  /** `bytes` are not written to any more. */
  constructor(bytes: Buffer, spans: readonly number[]) {
    this.bytes = bytes;
    this.spans = spans;
  }

  /** Columns. */
  get length(): number {
    return this.spans.length >> 1;
  }

  /** Where the column's text begins in `bytes`; negative where it has none. */
  start(index: number): number {
    return this.spans[index << 1] as number;
  }

  /** Where it ends. */
  end(index: number): number {
    return this.spans[(index << 1) + 1] as number;
  }

  isNull(index: number): boolean {
    return this.start(index) === NULL;
  }

  isSent(index: number): boolean {
    return this.start(index) !== UNSENT;
  }

  text(index: number): string | null | undefined {
    const start = this.start(index);
    if (start < 0) return start === NULL ? null : undefined;
    return (this.bytes as FastBuffer).utf8Slice(start, this.end(index));
  }

  /** Whether a column has the same value in both. */
  hasSame(index: number, other: Tuple): boolean {
    const [start, otherStart] = [this.start(index), other.start(index)];
    if (start < 0 || otherStart < 0) return start === otherStart;
    const [end, otherEnd] = [this.end(index), other.end(index)];
    return this.bytes.compare(other.bytes, otherStart, otherEnd, start, end) === 0;
  }

  /** With those columns only; the others are as if they had not been sent. */
  only(columns: readonly boolean[]): Tuple {
    const spans = this.spans.map((at, i) => (columns[i >> 1] === true ? at : UNSENT));
    return new Tuple(this.bytes, spans);
  }

  /** With the values of `other`, the old row of the same message, where it has none of its own. */
  filledFrom(other: Tuple): Tuple {
    if (!this.spans.includes(UNSENT)) return this;
    if (other.bytes !== this.bytes) throw new Error('these rows are not of one message');
    const spans = this.spans.map((at, i) =>
      this.isSent(i >> 1) ? at : (other.spans[i] as number),
    );
    return new Tuple(this.bytes, spans);
  }
}
