import type {FileHandle} from 'node:fs/promises';
import {FatalError, messageOf} from '../../common/errors.ts';
import {ENTRY_HEADER_BYTES, writeEntryHeader} from './journal-entry.ts';
import type {EntryTrailer, JournalChange, StoredBatch} from './journal-entry.ts';
import {LongEntryWriter, PIECE_BYTES, writeFully} from './long-entry.ts';
import {checksum} from './record-batch.ts';
import type {SegmentFiles} from './segment-files.ts';
import {putUnwritten, storedBatch, trailerJson, unwrittenSize} from './unwritten-batch.ts';
import type {UnwrittenBatch} from './unwritten-batch.ts';

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

/** Where an entry stands, and its batches. */
interface WrittenEntry {
  readonly stored: readonly StoredBatch[];
  readonly end: JournalPosition;
}

interface PendingEntry {
  readonly entry: JournalEntry;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Entries that wait are written together up to this many bytes; one that is longer in pieces of about that. */
const MAX_WRITE_BYTES = PIECE_BYTES;

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
  #buffer = Buffer.allocUnsafeSlow(MAX_WRITE_BYTES);
  readonly #longEntries = new LongEntryWriter();
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
    const {position} = this.#end;
    const [first] = group;
    const isLong = group.length === 1 && first && entryBound(first.entry) > MAX_WRITE_BYTES;
    const written = isLong ? [await this.#writeLong(first.entry)] : await this.#writeAtOnce(group);
    if (this.#options.sync) await this.#handle.datasync();
    for (const [i, {entry, resolve}] of group.entries()) {
      const {stored, end} = written[i] as WrittenEntry;
      this.#end = end;
      entry.apply(stored);
      resolve();
    }
    this.writtenBytes += this.#end.position - position;
    this.onWrite();
  }

  async #writeAtOnce(group: readonly PendingEntry[]): Promise<readonly WrittenEntry[]> {
    const {segment, position} = this.#end;
    let sequence = this.#end.sequence;
    let at = 0;
    const written: WrittenEntry[] = [];
    for (const {entry} of group) {
      const result = this.#encode(entry, at, {sequence: ++sequence, segment, position});
      at = result.end.position - position;
      written.push(result);
    }
    await writeFully(this.#handle, this.#buffer.subarray(0, at), position);
    return written;
  }

  async #writeLong(entry: JournalEntry): Promise<WrittenEntry> {
    const {segment, position} = this.#end;
    const sequence = this.#end.sequence + 1;
    const place = {handle: this.#handle, segment, position, sequence};
    const change = this.#changeOf(entry);
    const {stored, length} = await this.#longEntries.write(entry.batches, change, place);
    return {stored, end: {sequence, segment, position: position + length}};
  }

  /** Encodes at `start` of the buffer, which will be written at `at.position` of the segment. */
  #encode(
    entry: JournalEntry,
    start: number,
    {sequence, segment, position}: JournalPosition,
  ): WrittenEntry {
    const buffer = this.#buffer;
    const stored: StoredBatch[] = [];
    let at = start + ENTRY_HEADER_BYTES;
    for (const batch of entry.batches) {
      const from = at;
      at = putUnwritten(buffer, from, batch);
      stored.push(storedBatch(batch, buffer.subarray(from, at), segment, position + from));
    }
    const bodyBytes = at - start - ENTRY_HEADER_BYTES;
    const json = trailerJson(this.#changeOf(entry), entry.batches, stored);
    if (at + json.length > buffer.length)
      this.#buffer = Buffer.concat([buffer.subarray(0, at)], at + json.length + MAX_WRITE_BYTES);
    this.#buffer.set(json, at);
    writeEntryHeader(this.#buffer, start, {
      bodyBytes,
      trailerBytes: json.length,
      trailerChecksum: checksum(json),
      sequence,
    });
    return {stored, end: {sequence, segment, position: position + at + json.length}};
  }

  #changeOf({change}: JournalEntry): Omit<EntryTrailer, 'batches'> {
    return {...change, ...(this.#options.sync && {durable: this.#end.sequence})};
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
  for (const batch of batches) bytes += unwrittenSize(batch) + 256;
  return bytes;
}
