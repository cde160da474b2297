import {isUtf8} from 'node:buffer';
import {RejectedRowError} from '../warehouse-sink.ts';
import type {SinkRow} from '../warehouse-sink.ts';

/** Rows in one piece of text. */
export interface RowsText<R> {
  readonly text: string;
  readonly rows: readonly R[];
}

/**
 * A row as JSON: `o` its offset, `k` its key's text, `j` the same as JSON where it is a STRUCT, `v` the record's own value.
 *
 * The value is not parsed here; the warehouse does that.
 *
 * @throws RejectedRowError when the value cannot be a JSON object.
 */
export function rowJson({offset, key, value}: SinkRow, hasStructKey: boolean): string {
  const struct = hasStructKey && key !== null ? `,"j":${key}` : '';
  return `{"o":${offset},"k":${JSON.stringify(key)}${struct},"v":${valueText(offset, value)}}`;
}

function valueText(offset: number, value: Buffer | null): string {
  if (value === null) return 'null';
  // Other bytes would be replaced in silence.
  if (!isUtf8(value)) throw new RejectedRowError(offset, 'its value is not UTF-8');
  const text = value.toString().trim();
  if (!text.startsWith('{') || !text.endsWith('}'))
    throw new RejectedRowError(offset, 'its value is not a JSON object');
  return text;
}

/** Arrays of the rows' JSON, in order, each of `maxBytes` at most unless one row has more. */
export function jsonArrays<R extends {readonly json: string}>(
  rows: readonly R[],
  maxBytes: number,
): readonly RowsText<R>[] {
  const arrays: RowsText<R>[] = [];
  let part: R[] = [];
  let bytes = 0;
  const close = (): void => {
    if (part.length > 0)
      arrays.push({text: `[${part.map(({json}) => json).join(',')}]`, rows: part});
    part = [];
    bytes = 0;
  };
  for (const row of rows) {
    const length = Buffer.byteLength(row.json) + 1;
    if (bytes + length > maxBytes) close();
    part.push(row);
    bytes += length;
  }
  close();
  return arrays;
}
