import {ByteWriter} from './byte-writer.ts';
import {RECORDS_AT} from './memory-records.ts';
import type {RecordsBody} from './memory-records.ts';
import {rebaseRecords} from './rebase-records.ts';

/** Where a body can be cut, and what is known of the records before. */
export interface Cut {
  readonly end: number;
  readonly count: number;
  readonly maxTimestamp: number;
}

/** Cuts a body in two; the second has memory of its own. `cut` lies within it. */
export function splitBody(body: RecordsBody, cut: Cut): readonly [RecordsBody, RecordsBody] {
  const {buffer, baseTimestamp} = body;
  const {end, count, maxTimestamp} = cut;
  const before = {buffer: buffer.subarray(0, end), count, baseTimestamp, maxTimestamp};
  const out = new ByteWriter(buffer.length - end + RECORDS_AT);
  out.at = RECORDS_AT;
  const range = {buffer, start: end, end: buffer.length, baseTimestamp};
  const after = rebaseRecords(range, out, baseTimestamp);
  return [before, {...after, buffer: out.buffer.subarray(0, out.at), baseTimestamp}];
}
