import {FatalError, TaskError, messageOf} from '../../common/errors.ts';
import type {ConsumedRecord} from '../client.ts';
import {appendRecords, copyRecords, decodeRecords} from '../memory-records/decode-records.ts';
import type {EncodedRecords} from '../memory-records/decode-records.ts';
import type {StoredBatch} from './journal-entry.ts';
import type {LogIndex} from './log-index.ts';
import type {LogBatch, PartitionLog} from './partition-log.ts';
import {checksum, readBatch} from './record-batch.ts';
import type {BatchBody} from './record-batch.ts';
import type {SegmentFiles} from './segment-files.ts';

/** A stretch of one partition. */
export interface LogSlice {
  readonly records: readonly ConsumedRecord[];
  /** The next offset to read: behind the last batch, or at the limit when nothing is left before it. */
  readonly position: number;
  /** About how many bytes the records have. */
  readonly bytes: number;
}

/** What is asked for. */
export interface ReadRange {
  /** The first offset. */
  readonly offset: number;
  /** One past the last one. */
  readonly limit: number;
  /** About how many bytes, at most. */
  readonly maxBytes: number;
  /** Whether the records have their headers. */
  readonly headers: boolean;
}

/** A stretch as it stood when it was asked for; its records are still to be read. */
interface Plan {
  readonly log: PartitionLog;
  readonly range: ReadRange;
  readonly batches: readonly LogBatch[];
  /** No further batch in memory starts below `limit`. */
  readonly complete: boolean;
}

/** Batches this close together are read with one call; the bytes between them are read for nothing. */
const READ_GAP_BYTES = 16 << 10;
const MAX_READ_BYTES = 1 << 20;

/**
 * Records in memory are read in pieces of this size: they wait for their turn as objects, and what a young collection of V8 finds alive
 * costs most of it.
 */
const MAX_DECODED_BYTES = 256 << 10;

/** Compaction may delete a segment while its batches are looked up; more often in a row than this it cannot. */
const MAX_ATTEMPTS = 5;

/** Reads records by offset: from memory at once, or from the journal. */
export class LogReader {
  readonly #index: LogIndex;
  readonly #files: SegmentFiles;

  constructor(index: LogIndex, files: SegmentFiles) {
    this.#index = index;
    this.#files = files;
  }

  /**
   * Records from `offset` on and below `limit`, at least one if there is one, then until about `maxBytes`. What
   * it reads is the log as of this call; the answer comes at once when memory holds it.
   *
   * @throws TaskError KAFKA_OFFSET_OUT_OF_RANGE when retention has overtaken `offset`.
   */
  read(log: PartitionLog, range: ReadRange, attempt = 1): LogSlice | Promise<LogSlice> {
    const {offset, limit, maxBytes} = range;
    if (offset < log.logStartOffset) throw offsetOutOfRange(log, offset);
    if (offset >= limit || log.deleted) return {records: [], position: offset, bytes: 0};
    const batches: LogBatch[] = [];
    let bytes = 0;
    let resident = true;
    let i = log.search(offset);
    for (; i < log.batches.length && bytes < maxBytes; i++) {
      const batch = log.batches[i] as LogBatch;
      if (batch.baseOffset >= limit) break;
      batches.push(batch);
      bytes += batch.bytes;
      resident &&= batch.body !== null;
    }
    const complete = (log.batches[i]?.baseOffset ?? limit) >= limit;
    const first = batches[0];
    const indexed = offset < log.indexedEnd && (first === undefined || first.baseOffset > offset);
    const plan = {log, range, batches, complete};
    if (resident && !indexed) return inMemory(plan);
    return this.#fromJournal(plan, indexed, attempt);
  }

  /** The records of stored batches, batch by batch. Undefined when a segment is gone. */
  async readBatches(
    log: PartitionLog,
    batches: readonly StoredBatch[],
  ): Promise<ConsumedRecord[][] | undefined> {
    const bodies = await this.readBodies(log, batches);
    return bodies?.map((body, i) => decodeRecords(body, (batches[i] as StoredBatch).baseOffset));
  }

  /** The same without reading the records. */
  async readBodies(
    log: PartitionLog,
    batches: readonly StoredBatch[],
  ): Promise<BatchBody[] | undefined> {
    const bodies: BatchBody[] = [];
    for (let from = 0; from < batches.length;) {
      let to = from + 1;
      const first = batches[from] as StoredBatch;
      let end = first.position + first.length;
      for (; to < batches.length; to++) {
        const next = batches[to] as StoredBatch;
        const gap = next.position - end;
        if (next.segment !== first.segment || gap < 0 || gap > READ_GAP_BYTES) break;
        if (next.position + next.length - first.position > MAX_READ_BYTES) break;
        end = next.position + next.length;
      }
      const bytes = await this.#bytes(first.segment, first.position, end - first.position, log);
      if (bytes === undefined) return undefined;
      for (; from < to; from++) {
        const batch = batches[from] as StoredBatch;
        const start = batch.position - first.position;
        const slice = bytes.subarray(start, start + batch.length);
        if (slice.length < batch.length || checksum(slice) !== batch.checksum) {
          const where = `${this.#files.path(batch.segment)} byte ${batch.position}`;
          throw this.#corrupted(log, batch.baseOffset, `the checksum at ${where} is wrong`);
        }
        const body = readBatch(slice);
        if (body === undefined)
          throw this.#corrupted(log, batch.baseOffset, 'another version has written it');
        bodies.push(body);
      }
    }
    return bodies;
  }

  async #bytes(
    segment: number,
    position: number,
    length: number,
    log: PartitionLog,
  ): Promise<Buffer | undefined> {
    const bytes = Buffer.allocUnsafeSlow(length);
    try {
      return bytes.subarray(0, await this.#files.read(segment, bytes, position));
    } catch (error) {
      if (error instanceof Error && 'code' in error) {
        if (error.code === 'ENOENT' || error.code === 'EBADF') return undefined;
      }
      throw new FatalError(
        'DATA_DIR_UNUSABLE',
        `Cannot read ${log.name} from ${this.#files.path(segment)}: ${messageOf(error)}. Repair the disk, then start again`,
        {cause: error},
      );
    }
  }

  async #fromJournal(plan: Plan, indexed: boolean, attempt: number): Promise<LogSlice> {
    const {log, range, batches} = plan;
    const {offset, limit, maxBytes} = range;
    const parts: (StoredBatch | LogBatch)[] = [];
    let bytes = 0;
    if (indexed) {
      const bound = Math.min(limit, batches[0]?.baseOffset ?? limit);
      for (const batch of await this.#index.batches(keyOf(log), offset, bound, maxBytes)) {
        parts.push(batch);
        bytes += batch.length;
      }
    }
    let taken = 0;
    for (; taken < batches.length && bytes < maxBytes; taken++) {
      const batch = batches[taken] as LogBatch;
      parts.push(batch);
      bytes += batch.bytes;
    }
    const records = await this.#records(log, parts, range);
    if (records === undefined) {
      if (attempt === MAX_ATTEMPTS) throw this.#corrupted(log, offset, 'its file is missing');
      return this.read(log, range, attempt + 1);
    }
    const complete = plan.complete && taken === batches.length && bytes < maxBytes;
    const end = Math.max(...parts.map(({nextOffset}) => nextOffset));
    const position = complete || parts.length === 0 ? limit : Math.min(end, limit);
    return {records, position, bytes};
  }

  async #records(
    log: PartitionLog,
    parts: readonly (StoredBatch | LogBatch)[],
    {offset, limit, headers}: ReadRange,
  ): Promise<ConsumedRecord[] | undefined> {
    // Once the others have been read, other batches may stand in the memory of these.
    const kept = parts.map((part) =>
      'body' in part && part.body !== null
        ? copyRecords(part.body, part.baseOffset, {from: offset, to: limit})
        : null,
    );
    const stored: StoredBatch[] = [];
    for (const [i, part] of parts.entries()) {
      if (kept[i] === null) stored.push('body' in part ? (part.stored as StoredBatch) : part);
    }
    const bodies = await this.readBodies(log, stored);
    if (bodies === undefined) return undefined;
    let next = 0;
    let from = offset;
    const records: ConsumedRecord[] = [];
    for (const [i, {baseOffset, nextOffset}] of parts.entries()) {
      const body = kept[i] ?? bodies[next++];
      appendRecords(records, body as EncodedRecords, baseOffset, {from, to: limit, headers});
      // Compaction may have merged a batch of the index with those behind it since memory was looked at.
      if (nextOffset > from) from = nextOffset;
    }
    return records;
  }

  #corrupted(log: PartitionLog, offset: number, why: string): FatalError {
    return new FatalError(
      'KAFKA_LOG_CORRUPTED',
      `The embedded log in ${this.#files.directory} is damaged: ${log.name} cannot be read at offset ${offset}, ${why}. Put a backup of the data directory in its place, or delete the directory to start over from the sources`,
    );
  }
}

/** The error for a position outside of the log. */
export function offsetOutOfRange(log: PartitionLog, offset: number): TaskError {
  return new TaskError(
    'KAFKA_OFFSET_OUT_OF_RANGE',
    `Offset ${offset} of ${log.name} is outside of its log, which holds ${log.logStartOffset} to ${log.endOffset}: retention removed it or the log was replaced. Reset the reader or restore the log`,
  );
}

function keyOf(log: PartitionLog): {topicNumber: number; partition: number} {
  return {topicNumber: log.topic.number, partition: log.partition};
}

function inMemory({range, batches, complete}: Plan): LogSlice {
  const {offset, limit, headers} = range;
  const maxBytes = Math.min(range.maxBytes, MAX_DECODED_BYTES);
  const records: ConsumedRecord[] = [];
  let bytes = 0;
  for (const {body, baseOffset} of batches) {
    const wanted = {from: offset, to: limit, maxBytes: maxBytes - bytes};
    const copy = copyRecords(body as BatchBody, baseOffset, wanted);
    appendRecords(records, copy, baseOffset, {headers});
    bytes += copy.buffer.length;
    if (bytes >= maxBytes)
      return {records, position: (records.at(-1) as ConsumedRecord).offset + 1, bytes};
  }
  const last = batches.at(-1);
  return {records, position: complete || last === undefined ? limit : last.nextOffset, bytes};
}
