/**
 * What a store keeps of a row: its bytes, and behind them its lineage where it has one, as `<row> <lineage> <length of
 * the lineage, 2 bytes> <mark>`. A row without one is its bytes alone, as stores have always kept it.
 */
const MARK = Buffer.of(0xf5, 0x4c, 0x4e, 0xf5);
const SUFFIX_BYTES = 2 + MARK.length;

export function storedValue(row: Buffer, lineage: Buffer | undefined): Buffer {
  // A row that happens to end like one that has a lineage must not be cut.
  if (lineage === undefined && !isMarked(row)) return row;
  const length = lineage?.length ?? 0;
  const stored = Buffer.allocUnsafe(row.length + length + SUFFIX_BYTES);
  stored.set(row);
  if (lineage !== undefined) stored.set(lineage, row.length);
  const end = row.length + length;
  stored[end] = length >>> 8;
  stored[end + 1] = length;
  stored.set(MARK, end + 2);
  return stored;
}

export function rowBytes(stored: Buffer): Buffer {
  return isMarked(stored) ? stored.subarray(0, lineageStart(stored)) : stored;
}

/** The lineage of a row, in memory of its own. */
export function lineageBytes(stored: Buffer): Buffer | undefined {
  if (!isMarked(stored)) return undefined;
  const lineage = stored.subarray(lineageStart(stored), stored.length - SUFFIX_BYTES);
  return lineage.length === 0 ? undefined : Buffer.from(lineage);
}

function isMarked(bytes: Buffer): boolean {
  const {length} = bytes;
  return (
    length >= SUFFIX_BYTES &&
    bytes[length - 1] === MARK[3] &&
    bytes[length - 4] === MARK[0] &&
    bytes[length - 3] === MARK[1] &&
    bytes[length - 2] === MARK[2]
  );
}

function lineageStart(stored: Buffer): number {
  const end = stored.length - SUFFIX_BYTES;
  return Math.max(0, end - stored.readUInt16BE(end));
}
