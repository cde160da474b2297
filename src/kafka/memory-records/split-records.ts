import type {ProducerRecord} from '../client.ts';
import {encodedBound} from './encode-records.ts';

/** Cuts records into parts of at most `maxBytes` when they are encoded; one that has more stands alone. Without records there is no part. */
export function splitRecords(
  records: readonly ProducerRecord[],
  maxBytes: number,
): readonly (readonly ProducerRecord[])[] {
  const parts: (readonly ProducerRecord[])[] = [];
  let from = 0;
  let bytes = 0;
  for (let at = 0; at < records.length; at++) {
    const bound = encodedBound(records[at] as ProducerRecord);
    if (bytes + bound > maxBytes && at > from) {
      parts.push(records.slice(from, at));
      from = at;
      bytes = 0;
    }
    bytes += bound;
  }
  if (from < records.length) parts.push(from === 0 ? records : records.slice(from));
  return parts;
}
