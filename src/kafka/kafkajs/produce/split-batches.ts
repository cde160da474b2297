import {FatalError} from '../../../common/errors.ts';
import type {ProduceBatch, ProducerRecord} from '../../client.ts';
import {partitionName} from '../protocol/topic-partitions.ts';

/** Attributes, deltas and lengths of a record take at most this much. */
const RECORD_OVERHEAD = 40;
const HEADER_OVERHEAD = 10;

/**
 * Cuts the records of one partition into batches of at most `maxBytes` before compression.
 *
 * @throws FatalError KAFKA_RECORD_TOO_LARGE for a record that fits into none.
 */
export function splitBatches(
  batch: ProduceBatch,
  maxBytes: number,
): readonly (readonly ProducerRecord[])[] {
  const {records} = batch;
  const parts: (readonly ProducerRecord[])[] = [];
  let from = 0;
  let bytes = 0;
  for (let at = 0; at < records.length; at++) {
    const size = recordBytes(records[at] as ProducerRecord);
    if (size > maxBytes) throw tooLarge(batch, size, maxBytes);
    if (bytes + size > maxBytes) {
      parts.push(records.slice(from, at));
      from = at;
      bytes = 0;
    }
    bytes += size;
  }
  parts.push(from === 0 ? records : records.slice(from));
  return parts;
}

function recordBytes({key, value, headers}: ProducerRecord): number {
  let bytes = RECORD_OVERHEAD + (key?.length ?? 0) + (value?.length ?? 0);
  for (let i = 0; i < headers.length; i++) {
    const header = headers[i] as ProducerRecord['headers'][number];
    bytes += HEADER_OVERHEAD + header.key.length * 3 + header.value.length;
  }
  return bytes;
}

function tooLarge(batch: ProduceBatch, size: number, maxBytes: number): FatalError {
  return new FatalError(
    'KAFKA_RECORD_TOO_LARGE',
    `A record for ${partitionName(batch)} has ${size} bytes, more than max.request.size (${maxBytes}); raise it, and max.message.bytes of the topic`,
  );
}
