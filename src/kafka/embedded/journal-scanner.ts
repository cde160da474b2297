import {FatalError} from '../../common/errors.ts';
import type {JournalPosition} from './journal.ts';
import {ENTRY_HEADER_BYTES, readEntryHeader} from './journal-entry.ts';
import type {EntryTrailer, StoredBatch} from './journal-entry.ts';
import {isTornWrite} from './torn-write.ts';
import {checksum} from './record-batch.ts';
import type {SegmentFiles} from './segment-files.ts';

export interface ScannedEntry {
  readonly trailer: EntryTrailer;
  readonly stored: readonly StoredBatch[];
  readonly end: JournalPosition;
}

const READ_BYTES = 1 << 20;

/**
 * Reads the entries after `from`, checking every byte, up to the end of the journal.
 *
 * The end is where the last file breaks off, within an entry or not: a killed process leaves an entry that it had not
 * acknowledged half written. A power cut can also leave zeros in it.
 *
 * @throws FatalError KAFKA_LOG_CORRUPTED for any other damage.
 */
export async function* scanJournal(
  files: SegmentFiles,
  from: JournalPosition,
): AsyncGenerator<ScannedEntry, void, void> {
  const segments = await files.list();
  const last = segments.at(-1) ?? from.segment;
  let {sequence} = from;
  if (segments.length === 0 && sequence === 0) return;
  if ((await files.size(from.segment)) < from.position) {
    throw corrupted(files, from.segment, from.position);
  }
  for (let segment = from.segment; segment <= last; segment++) {
    if (!segments.includes(segment)) throw corrupted(files, segment, 0);
    let position = segment === from.segment ? from.position : 0;
    const entries = scanSegment(files, segment, position);
    for (;;) {
      const next = await nextEntry(entries, segment === last, () =>
        isTornWrite(files, {segment, position, sequence}),
      );
      if (next === undefined) break;
      if (next.end.sequence !== sequence + 1) throw corrupted(files, segment, position);
      ({sequence, position} = next.end);
      yield next;
    }
    const torn = position < (await files.size(segment));
    if (torn && segment < last) throw corrupted(files, segment, position);
  }
}

/** The next entry; undefined at the end, or where an unfinished write stands in its place. */
async function nextEntry(
  entries: AsyncGenerator<ScannedEntry, void, void>,
  isLast: boolean,
  isTorn: () => Promise<boolean>,
): Promise<ScannedEntry | undefined> {
  try {
    const {value} = await entries.next();
    return value ?? undefined;
  } catch (error) {
    if (isLast && error instanceof FatalError && (await isTorn())) return undefined;
    throw error;
  }
}

/** Reads the entries of one segment, up to where it breaks off. */
export async function* scanSegment(
  files: SegmentFiles,
  segment: number,
  from = 0,
): AsyncGenerator<ScannedEntry, void, void> {
  const window = new Window(files, segment);
  let position = from;
  for (;;) {
    const headerBytes = await window.read(position, ENTRY_HEADER_BYTES);
    if (headerBytes.length < ENTRY_HEADER_BYTES) return;
    const header = readEntryHeader(headerBytes);
    if (header === undefined) throw corrupted(files, segment, position);
    const {bodyBytes, trailerBytes, sequence} = header;
    const size = ENTRY_HEADER_BYTES + bodyBytes + trailerBytes;
    const bytes = await window.read(position, size);
    if (bytes.length < size) return;
    const json = bytes.subarray(ENTRY_HEADER_BYTES + bodyBytes);
    if (checksum(json) !== header.trailerChecksum) throw corrupted(files, segment, position);
    const trailer = JSON.parse(json.toString()) as EntryTrailer;
    const stored = locate(trailer, segment, position + ENTRY_HEADER_BYTES);
    for (const batch of stored) {
      const start = batch.position - position;
      if (checksum(bytes.subarray(start, start + batch.length)) !== batch.checksum) {
        throw corrupted(files, segment, batch.position);
      }
    }
    position += size;
    yield {trailer, stored, end: {sequence, segment, position}};
  }
}

function locate(trailer: EntryTrailer, segment: number, bodyPosition: number): StoredBatch[] {
  let position = bodyPosition;
  return trailer.batches.map(([, , baseOffset, nextOffset, length, sum, appendTime]) => {
    const batch = {baseOffset, nextOffset, segment, position, length, checksum: sum, appendTime};
    position += length;
    return batch;
  });
}

function corrupted(files: SegmentFiles, segment: number, position: number): FatalError {
  return new FatalError(
    'KAFKA_LOG_CORRUPTED',
    `The embedded log is damaged: ${files.path(segment)} at byte ${position} holds no valid entry. Put a backup of the data directory in its place, or delete the directory to start over from the sources`,
  );
}

/** A segment's bytes, read ahead. */
class Window {
  readonly #files: SegmentFiles;
  readonly #segment: number;
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;

  constructor(files: SegmentFiles, segment: number) {
    this.#files = files;
    this.#segment = segment;
  }

  /** The bytes at `position`, fewer than asked for only at the end of the file. */
  async read(position: number, length: number): Promise<Buffer> {
    const at = position - this.#start;
    if (at < 0 || at + length > this.#bytes.length) {
      const bytes = Buffer.allocUnsafeSlow(Math.max(length, READ_BYTES));
      this.#bytes = bytes.subarray(0, await this.#files.read(this.#segment, bytes, position));
      this.#start = position;
      return this.#bytes.subarray(0, length);
    }
    return this.#bytes.subarray(at, at + length);
  }
}
