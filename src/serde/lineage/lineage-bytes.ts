import {DeferredHeader, putValue, valueSize} from '../../common/deferred-header.ts';
import {varintSize} from '../../common/unsigned-varint.ts';

/** The header in which a record carries where it comes from. */
export const LINEAGE_HEADER = '__millrace.lineage';

/** First byte of a lineage; another one is another format. */
export const LINEAGE_VERSION = 2;
/** Second byte: something was left out, because it would have become too long. */
export const TRUNCATED = 1;
/** Version and flags. */
export const HEAD_BYTES = 2;

/** First byte of each element; its length as a varint and the body follow. A reader passes over those that it does not know. */
export const ELEMENT = {origin: 1, read: 2, join: 3} as const;

/** A lineage is never longer. The pipeline that comes with the service needs 400 to 700 bytes. */
export const MAX_LINEAGE_BYTES = 4096;

/** What the lineage of a row, or of a record, is kept in. */
export interface Header {
  readonly key: string;
  readonly value: Buffer;
}

/**
 * A lineage on its way through the topology: what it goes on from and what has come to it, by reference. It becomes bytes
 * where the record is written, once, or where a store keeps them.
 */
export abstract class LineageHeader extends DeferredHeader implements Header {
  get key(): string {
    return LINEAGE_HEADER;
  }
}

/** How many bytes an element with such a body takes. */
export function elementSize(body: number): number {
  return 1 + varintSize(body) + body;
}

/** How many bytes the body of an element has that takes so many. */
export function bodySize(element: number): number {
  // No element is so long that its length takes three bytes.
  return element < 0x82 ? element - 2 : element - 3;
}

/** The lineage that a record carries in its headers. */
export function lineageOf(headers: readonly Header[]): Buffer | undefined {
  const at = lineageAt(headers);
  return at < 0 ? undefined : (headers[at] as Header).value;
}

/** In which place of the headers the lineage stands; -1 where there is none, and where it is not even the start of one. */
export function lineageAt(headers: readonly Header[]): number {
  for (let i = headers.length - 1; i >= 0; i--) {
    const header = headers[i] as Header;
    if (header.key === LINEAGE_HEADER) return valueSize(header) < HEAD_BYTES ? -1 : i;
  }
  return -1;
}

/** The headers with this lineage behind them. */
export function withLineage(headers: readonly Header[], lineage: Header): readonly Header[] {
  // Almost every record has its source position, and nothing else.
  return headers.length === 1 ? [headers[0] as Header, lineage] : [...headers, lineage];
}

/** The headers with what goes on from the lineage in place `at`; the same but marked as truncated where that would be too long. */
export function withLonger(
  headers: readonly Header[],
  at: number,
  longer: LineageHeader,
): readonly Header[] {
  const before = headers[at] as Header;
  const fits = longer.size <= MAX_LINEAGE_BYTES;
  if (!fits && before instanceof TruncatedLineage) return headers;
  const lineage = fits ? longer : new TruncatedLineage(before);
  return headers.length === 2 && at === 1
    ? [headers[0] as Header, lineage]
    : headers.with(at, lineage);
}

class TruncatedLineage extends LineageHeader {
  readonly #lineage: Header;

  constructor(lineage: Header) {
    super(valueSize(lineage));
    this.#lineage = lineage;
  }

  writeTo(target: Buffer, at: number): number {
    const end = putValue(target, at, this.#lineage);
    target[at + 1] = (target[at + 1] as number) | TRUNCATED;
    return end;
  }
}
