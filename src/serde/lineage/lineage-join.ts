import {
  ELEMENT,
  ELEMENT_BYTES,
  HEAD_BYTES,
  MAX_LINEAGE_BYTES,
  lineageOf,
  truncated,
  withLineage,
} from './lineage-bytes.ts';

/** Whether the record met the row when it came, or waited for it. */
export type Meeting = 'met' | 'waited';

interface Header {
  readonly key: string;
  readonly value: Buffer;
}

/** Adds to a record's lineage that of a row which it is joined with. */
export type LineageJoin = (
  headers: readonly Header[],
  /** The row's; undefined where nobody knows: its store was written before there was any. */
  row: Buffer | undefined,
) => readonly Header[];

/** For joins with one table. A record without a lineage gets none: then nobody wants any. */
export function lineageJoin(table: string, meeting: Meeting = 'met'): LineageJoin {
  const name = Buffer.from(table);
  const start = Buffer.concat([
    Buffer.of(ELEMENT.join, 0, 0, meeting === 'waited' ? 1 : 0, name.length),
    name,
  ]);
  return (headers, row) => {
    const lineage = lineageOf(headers);
    if (lineage === undefined) return headers;
    return withLineage(headers, joined(lineage, start, row));
  };
}

const UNKNOWN = Buffer.alloc(0);

function joined(lineage: Buffer, start: Buffer, row: Buffer = UNKNOWN): Buffer {
  const element = start.length + row.length;
  const length = lineage.length + element;
  if (length > MAX_LINEAGE_BYTES || lineage.length < HEAD_BYTES) return truncated(lineage);
  const merged = Buffer.allocUnsafe(length);
  merged.set(lineage);
  let at = lineage.length;
  merged.set(start, at);
  const body = element - ELEMENT_BYTES;
  merged[at + 1] = body >>> 8;
  merged[at + 2] = body;
  at += start.length;
  merged.set(row, at);
  return merged;
}
