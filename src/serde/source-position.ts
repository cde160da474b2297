/** The header in which a record carries the source position that it comes from. */
export const SOURCE_POSITION_HEADER = '__millrace.source';

/**
 * Where in its source a change was committed: 8 bytes commit LSN and 4 bytes ordinal (from 1) in the transaction, both
 * big-endian and unsigned, then the source's name in UTF-8. Snapshot rows stand at the slot's consistent point with
 * ordinal 0.
 */
export function encodeSourcePosition(source: string, lsn: bigint, ordinal: number): Buffer {
  const name = Buffer.from(source);
  const bytes = Buffer.allocUnsafe(12 + name.length);
  bytes.writeBigUInt64BE(lsn, 0);
  bytes.writeUInt32BE(ordinal, 8);
  name.copy(bytes, 12);
  return bytes;
}

/** Whether both changes were committed in one source, so that their positions can be compared. */
export function isSameSource(a: Buffer, b: Buffer): boolean {
  return a.compare(b, 12, b.length, 12, a.length) === 0;
}

/** Negative, zero or positive as the transaction of `a` was committed before that of `b`, is the same, or after it. */
export function compareSourceCommits(a: Buffer, b: Buffer): number {
  return a.compare(b, 0, 8, 0, 8);
}

/** Negative, zero or positive as `a` was written before, with or after `b`, within one transaction. */
export function compareSourceOrdinals(a: Buffer, b: Buffer): number {
  return a.compare(b, 8, 12, 8, 12);
}
