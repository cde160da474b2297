/** The header in which a record carries the source position that it comes from. */
export const SOURCE_POSITION_HEADER = '__millrace.source';

/** What positions are comparable within. */
export interface PositionedSource {
  readonly name: string;
  /** Of the server (`IDENTIFY_SYSTEM`): one that was set up anew counts its LSNs from the start. */
  readonly systemId: string;
}

/** Bytes before the source: commit LSN and ordinal. */
const POSITION_BYTES = 12;

/**
 * Where in its source a change was committed: 8 bytes commit LSN, 4 bytes ordinal (from 1) in the transaction and 8
 * bytes system identifier, all big-endian and unsigned, then the source's name in UTF-8. Snapshot rows stand at the
 * slot's consistent point with ordinal 0.
 */
export function encodeSourcePosition(
  {name, systemId}: PositionedSource,
  lsn: bigint,
  ordinal: number,
): Buffer {
  const text = Buffer.from(name);
  const bytes = Buffer.allocUnsafe(POSITION_BYTES + 8 + text.length);
  bytes.writeBigUInt64BE(lsn, 0);
  bytes.writeUInt32BE(ordinal, 8);
  bytes.writeBigUInt64BE(BigInt(systemId), POSITION_BYTES);
  text.copy(bytes, POSITION_BYTES + 8);
  return bytes;
}

/** A position as its parts. */
export interface SourcePosition extends PositionedSource {
  readonly lsn: bigint;
  /** From 1, within its transaction; 0 for a row of a snapshot. */
  readonly ordinal: number;
}

/** What {@link encodeSourcePosition} has written. @throws RangeError for fewer bytes. */
export function decodeSourcePosition(bytes: Buffer): SourcePosition {
  return {
    lsn: bytes.readBigUInt64BE(0),
    ordinal: bytes.readUInt32BE(8),
    systemId: String(bytes.readBigUInt64BE(POSITION_BYTES)),
    name: bytes.toString('utf8', POSITION_BYTES + 8),
  };
}

/** Whether both changes were committed in one source, so that their positions can be compared. */
export function isSameSource(a: Buffer, b: Buffer): boolean {
  return a.compare(b, POSITION_BYTES, b.length, POSITION_BYTES, a.length) === 0;
}

/** Negative, zero or positive as the transaction of `a` was committed before that of `b`, is the same, or after it. */
export function compareSourceCommits(a: Buffer, b: Buffer): number {
  return a.compare(b, 0, 8, 0, 8);
}

/** Negative, zero or positive as `a` was written before, with or after `b`, within one transaction. */
export function compareSourceOrdinals(a: Buffer, b: Buffer): number {
  return a.compare(b, 8, POSITION_BYTES, 8, POSITION_BYTES);
}

/** The position that a record carries in its headers. */
export function sourcePositionOf(
  headers: readonly {readonly key: string; readonly value: Buffer}[],
): Buffer | undefined {
  for (let i = 0; i < headers.length; i++) {
    const header = headers[i] as (typeof headers)[number];
    if (header.key === SOURCE_POSITION_HEADER) return header.value;
  }
  return undefined;
}

/** Whether `a` was written before `b`; false where they come from two sources, or nobody knows from where. */
export function isEarlierInSource(a: Buffer | undefined, b: Buffer | undefined): boolean {
  if (a === undefined || b === undefined || !isSameSource(a, b)) return false;
  return a.compare(b, 0, POSITION_BYTES, 0, POSITION_BYTES) < 0;
}
