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

/** Negative, zero or positive as `a` was committed before, with or after `b`; undefined when the sources differ. */
export function compareSourcePositions(a: Buffer, b: Buffer): number | undefined {
  if (a.compare(b, 12, b.length, 12, a.length) !== 0) return undefined;
  return a.compare(b, 0, 12, 0, 12);
}
