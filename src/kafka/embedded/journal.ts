import type {FileHandle} from 'node:fs/promises';
import {FatalError, messageOf} from '../../common/errors.ts';
import type {ConsumedRecord} from '../client.ts';
import {ENTRY_HEADER_BYTES, writeEntryHeader} from './journal-entry.ts';
import type {BatchRecord, EntryTrailer, JournalChange, StoredBatch} from './journal-entry.ts';
import {batchOverhead, checksum, encodeBatch} from './record-batch.ts';
import type {SegmentFiles} from './segment-files.ts';

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

export interface JournalEntry {
  readonly change: JournalChange;
  readonly batches: readonly UnwrittenBatch[];
  /** Called once it is written, in the journal's order, with where the batches stand. */
  readonly apply: (stored: readonly StoredBatch[]) => void;
}

/** The end of the journal as of its last applied entry. */
export interface JournalPosition {
  readonly sequence: number;
  readonly segment: number;
  readonly position: number;
}

export interface JournalOptions {
  readonly segmentBytes: number;
  /** fdatasync after each write. */
  readonly sync: boolean;
}

interface PendingEntry {
  readonly entry: JournalEntry;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Entries that wait are written together up to this many bytes. */
const MAX_WRITE_BYTES = 8 << 20;

/** A write buffer that grew beyond this is not kept. */
const KEPT_BUFFER_BYTES = 2 << 20;

/** Bytes set aside for a trailer's JSON: per batch or other item, and for the rest. */
const TRAILER_BYTES_PER_ITEM = 120;

/**
 * The log's only data file: entries of all partitions in one sequence, each applied whole or, after a crash, not at all.
 *
 * Plain files and not LevelDB, which takes 4-6 CPU-s per GB for such entries (log, memtable and table are three copies
 * and two writes) where appending to a file takes 0.5-0.9. Entries that wait for the file are written with one write.
 */
export class Journal {
  readonly #files: SegmentFiles;
  readonly #options: JournalOptions;
  readonly #waiting: PendingEntry[] = [];
  /** Called after each write. */
  onWrite: () => void = () => undefined;
  /** Since it was opened. */
  writtenBytes = 0;
  #handle: FileHandle;
  #end: JournalPosition;
  #buffer = Buffer.allocUnsafeSlow(1 << 20);
  #writing: Promise<void> | undefined;
  #failure: FatalError | undefined;

  private constructor(
    files: SegmentFiles,
    handle: FileHandle,
    end: JournalPosition,
    options: JournalOptions,
  ) {
    this.#files = files;
    this.#handle = handle;
    this.#end = end;
    this.#options = options;
  }

  /** Goes on behind `end`; what stands after it, a torn entry, is cut off. */
  static async open(
    files: SegmentFiles,
    end: JournalPosition,
    options: JournalOptions,
  ): Promise<Journal> {
    for (const segment of await files.list()) {
      if (segment > end.segment) await files.delete(segment);
    }
    const handle = await files.openForWriting(end.segment);
    await handle.truncate(end.position);
    return new Journal(files, handle, end, options);
  }

  /** The end as of the last entry whose `apply` has run. */
  get end(): JournalPosition {
    return this.#end;
  }

  /** @throws FatalError DATA_DIR_UNUSABLE when a write has failed or the journal is closed. */
  assertWritable(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Resolves once the entry is written and applied. Never waits for a disk unless `sync` is set: a killed process
   * leaves its writes to the operating system.
   */
  append(entry: JournalEntry): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({entry, resolve, reject});
      this.#writing ??= this.#writeAll();
    });
  }

  /** Makes everything applied so far survive a power cut. */
  async sync(): Promise<void> {
    await this.#handle.datasync();
  }

  /** Writes what waits and closes the file; later appends fail. */
  async close(): Promise<void> {
    await this.#writing;
    this.#failure ??= new FatalError('DATA_DIR_UNUSABLE', 'The embedded log is closed');
    await this.#handle.close();
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#write(group);
      } catch (error) {
        this.#failure = new FatalError(
          'DATA_DIR_UNUSABLE',
          `Cannot write ${this.#files.path(this.#end.segment)}: ${messageOf(error)}. Make room or repair the disk, then start again`,
          {cause: error},
        );
        for (const {reject} of [...group, ...this.#waiting.splice(0)]) reject(this.#failure);
      }
    }
    this.#writing = undefined;
  }

  #takeGroup(): PendingEntry[] {
    let bytes = 0;
    let count = 0;
    for (const {entry} of this.#waiting) {
      bytes += entryBound(entry);
      if (count > 0 && bytes > MAX_WRITE_BYTES) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #write(group: readonly PendingEntry[]): Promise<void> {
    if (this.#end.position >= this.#options.segmentBytes) await this.#roll();
    let room = 0;
    for (const {entry} of group) room += entryBound(entry);
    if (this.#buffer.length < room) this.#buffer = Buffer.allocUnsafeSlow(room);
    const {segment, position} = this.#end;
    let sequence = this.#end.sequence;
    let at = 0;
    const written: {stored: StoredBatch[]; end: JournalPosition}[] = [];
    for (const {entry} of group) {
      const result = this.#encode(entry, at, {sequence: ++sequence, segment, position});
      at = result.end.position - position;
      written.push(result);
    }
    await writeFully(this.#handle, this.#buffer, at, position);
    if (this.#options.sync) await this.#handle.datasync();
    if (this.#buffer.length > KEPT_BUFFER_BYTES) this.#buffer = Buffer.allocUnsafeSlow(1 << 20);
    for (const [i, {entry, resolve}] of group.entries()) {
      const {stored, end} = written[i] as (typeof written)[number];
      this.#end = end;
      entry.apply(stored);
      resolve();
    }
    this.writtenBytes += at;
    this.onWrite();
  }

  /** Encodes at `start` of the buffer, which will be written at `at.position` of the segment. */
  #encode(
    entry: JournalEntry,
    start: number,
    {sequence, segment, position}: JournalPosition,
  ): {stored: StoredBatch[]; end: JournalPosition} {
    const buffer = this.#buffer;
    const stored: StoredBatch[] = [];
    const batches: BatchRecord[] = [];
    let at = start + ENTRY_HEADER_BYTES;
    for (const batch of entry.batches) {
      const {topicNumber, partition, baseOffset, nextOffset, appendTime} = batch;
      const from = at;
      at = encodeBatch(buffer, from, batch.records as readonly ConsumedRecord[], baseOffset);
      const sum = checksum(buffer.subarray(from, at));
      const length = at - from;
      batches.push([topicNumber, partition, baseOffset, nextOffset, length, sum, appendTime]);
      stored.push({
        baseOffset,
        nextOffset,
        segment,
        position: position + from,
        length,
        checksum: sum,
        appendTime,
      });
    }
    const bodyBytes = at - start - ENTRY_HEADER_BYTES;
    const trailer: EntryTrailer = {
      ...entry.change,
      ...(this.#options.sync && {durable: this.#end.sequence}),
      batches,
    };
    const json = Buffer.from(JSON.stringify(trailer));
    if (at + json.length > buffer.length) {
      this.#buffer = Buffer.concat([buffer.subarray(0, at)], at + json.length + MAX_WRITE_BYTES);
    }
    this.#buffer.set(json, at);
    const header = {
      bodyBytes,
      trailerBytes: json.length,
      trailerChecksum: checksum(json),
      sequence,
    };
    writeEntryHeader(this.#buffer, start, header);
    return {stored, end: {sequence, segment, position: position + at + json.length}};
  }

  /** The handle is never a closed one, because `sync` may be called at any time. */
  async #roll(): Promise<void> {
    const full = this.#handle;
    await full.datasync();
    const segment = this.#end.segment + 1;
    this.#handle = await this.#files.openForWriting(segment);
    this.#end = {sequence: this.#end.sequence, segment, position: 0};
    await full.close();
  }
}

function entryBound({change, batches}: JournalEntry): number {
  let items = batches.length + 4;
  items += (change.ends?.length ?? 0) + (change.groupOffsets?.length ?? 0);
  let bytes = ENTRY_HEADER_BYTES + items * TRAILER_BYTES_PER_ITEM;
  for (const batch of batches) bytes += batch.bound + batchOverhead + 256;
  return bytes;
}

async function writeFully(
  handle: FileHandle,
  buffer: Buffer,
  length: number,
  position: number,
): Promise<void> {
  let done = 0;
  while (done < length) {
    done += (await handle.write(buffer, done, length - done, position + done)).bytesWritten;
  }
}
