import {ByteCursor} from './byte-cursor.ts';

/** The files that a LevelDB consists of. */
export interface Manifest {
  /** The oldest log that still holds writes of its own; 0 before there is one. */
  readonly logNumber: number;
  /** Sizes in bytes of the tables by number. */
  readonly tables: ReadonlyMap<number, number>;
}

/** Tags of `VersionEdit::EncodeTo`. */
const TAG = {
  comparator: 1,
  logNumber: 2,
  nextFileNumber: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLogNumber: 9,
};

/** What the edits in a manifest's records amount to; undefined when they cannot be read. */
export function readManifest(records: readonly Buffer[]): Manifest | undefined {
  let logNumber = 0;
  const tables = new Map<number, number>();
  for (const record of records) {
    const cursor = new ByteCursor(record);
    while (!cursor.isAtEnd) {
      const tag = cursor.varint();
      if (tag === TAG.comparator) {
        cursor.string();
      } else if (tag === TAG.logNumber) {
        logNumber = cursor.varint();
      } else if (
        tag === TAG.nextFileNumber ||
        tag === TAG.lastSequence ||
        tag === TAG.previousLogNumber
      ) {
        cursor.varint();
      } else if (tag === TAG.compactPointer) {
        cursor.varint();
        cursor.string();
      } else if (tag === TAG.deletedFile) {
        cursor.varint();
        tables.delete(cursor.varint());
      } else if (tag === TAG.newFile) {
        cursor.varint();
        const number = cursor.varint();
        tables.set(number, cursor.varint());
        cursor.string();
        cursor.string();
      } else {
        return undefined;
      }
    }
    if (cursor.overrun) return undefined;
  }
  return {logNumber, tables};
}
