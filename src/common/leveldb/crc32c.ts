/** Castagnoli's polynomial, reversed. */
const POLYNOMIAL = 0x82f63b78;

/** Eight tables of 256 entries, one after the other: table `k` is a byte followed by `k` zeros. */
const tables = makeTables();

/**
 * The checksum that LevelDB keeps of its blocks and log records (`node:zlib` has another one), masked as it stores it: a
 * checksum of bytes that hold checksums is weak.
 */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function crc32c(bytes: Uint8Array): number {
  const t = tables;
  const length = bytes.length;
  const wholeWords = length - (length % 8);
  let crc = -1;
  let i = 0;
  for (; i < wholeWords; i += 8) {
    const low =
      crc ^
      ((bytes[i] as number) |
        ((bytes[i + 1] as number) << 8) |
        ((bytes[i + 2] as number) << 16) |
        ((bytes[i + 3] as number) << 24));
    crc =
      (t[1792 + (low & 255)] as number) ^
      (t[1536 + ((low >>> 8) & 255)] as number) ^
      (t[1280 + ((low >>> 16) & 255)] as number) ^
      (t[1024 + (low >>> 24)] as number) ^
      (t[768 + (bytes[i + 4] as number)] as number) ^
      (t[512 + (bytes[i + 5] as number)] as number) ^
      (t[256 + (bytes[i + 6] as number)] as number) ^
      (t[bytes[i + 7] as number] as number);
  }
  for (; i < length; i++) {
    crc = (t[(crc ^ (bytes[i] as number)) & 255] as number) ^ (crc >>> 8);
  }
  return (crc ^ -1) >>> 0;
}

function makeTables(): Int32Array {
  const made = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    made[byte] = crc;
  }
  for (let i = 256; i < made.length; i++) {
    const before = made[i - 256] as number;
    made[i] = (made[before & 255] as number) ^ (before >>> 8);
  }
  return made;
}
