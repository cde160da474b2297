import type {JournalPosition} from './journal.ts';
import {ENTRY_HEADER_BYTES, MAGIC_BYTES, readEntryHeader} from './journal-entry.ts';
import type {EntryTrailer} from './journal-entry.ts';
import {checksum} from './record-batch.ts';
import type {SegmentFiles} from './segment-files.ts';

/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512;

/**
 * Whether the damage that follows on `end`, where the last intact entry ends, is of a write that was not finished when the
 * process was killed or the power went: its header, which comes last, or sectors of it are missing, that is zeros, and nothing
 * behind it says that it had reached the disk.
 */
export async function isTornWrite(
  files: SegmentFiles,
  {segment, position, sequence}: JournalPosition,
): Promise<boolean> {
  const bytes = Buffer.alloc(Math.max(0, (await files.size(segment)) - position));
  await files.read(segment, bytes, position);
  let damaged = bytes.length;
  for (const {at, durable} of entriesIn(bytes, sequence)) {
    damaged = Math.min(damaged, at);
    if (durable > sequence) return false;
  }
  return !hasHeader(bytes) || hasMissingSector(bytes.subarray(0, damaged), position);
}

/**
 * A header that was written to its end has a checksum, and one in four billion is 0. A kill leaves half a checksum only where a page
 * of the file ends within it: that is taken for damage.
 */
function hasHeader(bytes: Buffer): boolean {
  return bytes.length >= ENTRY_HEADER_BYTES && bytes.readUInt32LE(ENTRY_HEADER_BYTES - 4) !== 0;
}

/** The intact entries behind the damaged one at the start of `bytes`. */
function* entriesIn(
  bytes: Buffer,
  sequence: number,
): Generator<{readonly at: number; readonly durable: number}, void, void> {
  for (let at = bytes.indexOf(MAGIC_BYTES, 1); at > 0; at = bytes.indexOf(MAGIC_BYTES, at + 1)) {
    const header = readEntryHeader(bytes.subarray(at, at + ENTRY_HEADER_BYTES));
    if (header === undefined || header.sequence <= sequence) continue;
    const start = at + ENTRY_HEADER_BYTES + header.bodyBytes;
    const json = bytes.subarray(start, start + header.trailerBytes);
    if (json.length < header.trailerBytes || checksum(json) !== header.trailerChecksum) continue;
    const {durable = 0} = JSON.parse(json.toString()) as EntryTrailer;
    yield {at, durable};
  }
}

/** Whether from its start, or from the start of a sector, to the end of that sector there are only zeros. */
function hasMissingSector(bytes: Buffer, position: number): boolean {
  for (let at = 0; at < bytes.length;) {
    const end = at + SECTOR_BYTES - ((position + at) % SECTOR_BYTES);
    if (bytes.subarray(at, end).every((byte) => byte === 0)) return true;
    at = end;
  }
  return false;
}
