import type {ConsumedRecord} from '../client.ts';
import type {BatchRecord, EntryTrailer, StoredBatch} from './journal-entry.ts';
import {checksum, encodeBatch} from './record-batch.ts';

/** A batch on its way into the journal. */
export interface UnwrittenBatch {
  readonly topicNumber: number;
  readonly partition: number;
  readonly baseOffset: number;
  readonly nextOffset: number;
  /** Never null until it is written. */
  readonly records: readonly ConsumedRecord[] | null;
  /** Sum of the records' `encodedBound`. */
  readonly bound: number;
  readonly appendTime: number;
}

/** Writes the batch's bytes and returns where they end; the caller has made room for its `bound` and `batchOverhead`. */
export function putBatch(target: Buffer, at: number, batch: UnwrittenBatch): number {
  return encodeBatch(target, at, batch.records as readonly ConsumedRecord[], batch.baseOffset);
}

/** Where the batch stands once its bytes are at `position` of the segment. */
export function storedBatch(
  {baseOffset, nextOffset, appendTime}: UnwrittenBatch,
  bytes: Buffer,
  segment: number,
  position: number,
): StoredBatch {
  const {length} = bytes;
  return {baseOffset, nextOffset, segment, position, length, checksum: checksum(bytes), appendTime};
}

/** The trailer of an entry with these batches, in the same order. */
export function trailerJson(
  change: Omit<EntryTrailer, 'batches'>,
  batches: readonly UnwrittenBatch[],
  stored: readonly StoredBatch[],
): Buffer {
  const records = batches.map(
    ({topicNumber, partition, baseOffset, nextOffset, appendTime}, i): BatchRecord => {
      const {length, checksum: sum} = stored[i] as StoredBatch;
      return [topicNumber, partition, baseOffset, nextOffset, length, sum, appendTime];
    },
  );
  const trailer: EntryTrailer = {...change, batches: records};
  return Buffer.from(JSON.stringify(trailer));
}
