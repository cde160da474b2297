import {FatalError} from '../../common/errors.ts';
import type {JournalPosition} from './journal.ts';
import {ENTRY_HEADER_BYTES, readEntryHeader} from './journal-entry.ts';
import type {EntryHeader, EntryTrailer, StoredBatch} from './journal-entry.ts';
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
 * acknowledged half written. Zeros to the end of the file are what a power cut leaves of it.
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
    for await (const entry of scanSegment(files, segment, position)) {
      if (entry.end.sequence !== sequence + 1) throw corrupted(files, segment, position);
      ({sequence, position} = entry.end);
      yield entry;
    }
    const torn = position < (await files.size(segment));
    if (torn && segment < last) throw corrupted(files, segment, position);
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
    const header = await readHeader(window, position);
    if (header === 'end') return;
    if (header === 'damaged') throw corrupted(files, segment, position);
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

async function readHeader(
  window: Window,
  position: number,
): Promise<EntryHeader | 'end' | 'damaged'> {
  const bytes = await window.read(position, ENTRY_HEADER_BYTES);
  if (bytes.length < ENTRY_HEADER_BYTES) return 'end';
  return readEntryHeader(bytes) ?? ((await window.isZero(position)) ? 'end' : 'damaged');
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
      this.#bytes = bytes.subarray(0, await readFully(this.#files, this.#segment, bytes, position));
      this.#start = position;
      return this.#bytes.subarray(0, length);
    }
    return this.#bytes.subarray(at, at + length);
  }

  async isZero(position: number): Promise<boolean> {
    for (let at = position; ; at += READ_BYTES) {
      const bytes = await this.read(at, READ_BYTES);
      if (bytes.some((byte) => byte !== 0)) return false;
      if (bytes.length < READ_BYTES) return true;
    }
  }
}

/** Fills `target` from `position` of a segment and returns how much there was. */
export async function readFully(
  files: SegmentFiles,
  segment: number,
  target: Buffer,
  position: number,
): Promise<number> {
  const handle = await files.handle(segment);
  let done = 0;
  while (done < target.length) {
    const {bytesRead} = await handle.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
