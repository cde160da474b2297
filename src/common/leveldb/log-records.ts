import {maskedCrc32c} from './crc32c.ts';

const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
const FULL = 1;
const FIRST = 2;
const LAST = 4;

export interface LogRecords {
  readonly records: readonly Buffer[];
  /** What is wrong; not that the file breaks off, as it does where its writer died. */
  readonly problem: string | undefined;
}

/**
 * The records of one of LevelDB's logs or manifests. https://github.com/google/leveldb/blob/main/doc/log_format.md
 *
 * LevelDB steps over damaged records, and loses what stands in them, without an error.
 */
export function readLogRecords(bytes: Buffer): LogRecords {
  const records: Buffer[] = [];
  let parts: Buffer[] = [];
  let at = 0;
  const damaged = (): LogRecords => ({records, problem: `is damaged at byte ${at}`});
  for (;;) {
    let left = BLOCK_BYTES - (at % BLOCK_BYTES);
    if (left < HEADER_BYTES) {
      at += left;
      left = BLOCK_BYTES;
    }
    if (at + HEADER_BYTES > bytes.length) break;
    const length = bytes.readUInt16LE(at + 4);
    const type = bytes[at + 6] as number;
    const end = at + HEADER_BYTES + length;
    if (type === 0 && length === 0) {
      // A power cut leaves zeros where the file had grown and was not written yet.
      if (bytes.subarray(at).some((byte) => byte !== 0)) return damaged();
      break;
    }
    if (HEADER_BYTES + length > left) return damaged();
    if (end > bytes.length) break;
    if (maskedCrc32c(bytes.subarray(at + 6, end)) !== bytes.readUInt32LE(at)) return damaged();
    const isFirst = type === FULL || type === FIRST;
    const isLast = type === FULL || type === LAST;
    if (type > LAST || isFirst !== (parts.length === 0)) return damaged();
    parts.push(bytes.subarray(at + HEADER_BYTES, end));
    at = end;
    if (!isLast) continue;
    records.push(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts));
    parts = [];
  }
  return {records, problem: undefined};
}
