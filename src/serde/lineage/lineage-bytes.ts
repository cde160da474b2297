/** The header in which a record carries where it comes from. */
export const LINEAGE_HEADER = '__millrace.lineage';

/** First byte of a lineage; another one is another format. */
export const LINEAGE_VERSION = 1;
/** Second byte: something was left out, because it would have become too long. */
export const TRUNCATED = 1;
/** Version and flags. */
export const HEAD_BYTES = 2;

/** First byte of each element; two bytes of length and the body follow. A reader passes over those that it does not know. */
export const ELEMENT = {origin: 1, read: 2, join: 3} as const;
export const ELEMENT_BYTES = 3;

/** A lineage is never longer. The pipeline that comes with the service needs 400 to 900 bytes. */
export const MAX_LINEAGE_BYTES = 4096;

/** What the lineage of a row, or of a record, is kept in. */
interface Header {
  readonly key: string;
  readonly value: Buffer;
}

/** The lineage that a record carries in its headers. */
export function lineageOf(headers: readonly Header[]): Buffer | undefined {
  for (const {key, value} of headers) if (key === LINEAGE_HEADER) return value;
  return undefined;
}

/** The headers with this lineage in place of the one that they have, or behind them. */
export function withLineage(headers: readonly Header[], lineage: Buffer): readonly Header[] {
  const replaced: Header[] = [];
  for (const header of headers) if (header.key !== LINEAGE_HEADER) replaced.push(header);
  replaced.push({key: LINEAGE_HEADER, value: lineage});
  return replaced;
}

/** The lineage with one more element; the same but marked as truncated where that would be too long. */
export function append(lineage: Buffer, element: Uint8Array): Buffer {
  const length = lineage.length + element.length;
  if (length > MAX_LINEAGE_BYTES) return truncated(lineage);
  const longer = Buffer.allocUnsafe(length);
  longer.set(lineage);
  longer.set(element, lineage.length);
  return longer;
}

/** A copy: others may hold the same bytes. */
export function truncated(lineage: Buffer): Buffer {
  if (((lineage[1] as number) & TRUNCATED) !== 0) return lineage;
  const marked = Buffer.from(lineage);
  marked[1] = (marked[1] as number) | TRUNCATED;
  return marked;
}
