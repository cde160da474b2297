import type {BatchRecord, EntryTrailer, StoredBatch} from './journal-entry.ts';
import {batchSize, checksum, putBatch} from './record-batch.ts';
import type {BatchBody} from './record-batch.ts';

/** A batch on its way into the journal. */
export interface UnwrittenBatch {
  readonly topicNumber: number;
  readonly partition: number;
  readonly baseOffset: number;
  readonly nextOffset: number;
  /** Never null until it is written. */
  readonly body: BatchBody | null;
  readonly appendTime: number;
}

/** How many bytes it takes. */
export function unwrittenSize({body}: UnwrittenBatch): number {
  return batchSize(body as BatchBody);
}

/** Writes the batch's bytes and returns where they end; the caller has made room for its `unwrittenSize`. */
export function putUnwritten(target: Buffer, at: number, {body}: UnwrittenBatch): number {
  return putBatch(target, at, body as BatchBody);
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
