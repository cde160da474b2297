import type * as Snappy from 'snappy';
import type {Codec} from './codec.ts';
import {loadLibrary} from './load-library.ts';

/** How snappy-java frames it, which Java's clients write: this, two version numbers, and blocks behind their length (int32). */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const XERIAL_HEADER = Buffer.concat([XERIAL_MAGIC, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);

/** Otherwise the library's buffers lie outside of V8's heap, and are freed only when the event loop turns. */
const INSIDE = {copyOutputData: true};

let library: typeof Snappy | undefined;

/** Reads blocks with and without the frame of snappy-java; writes one block with it. */
export const snappyCodec: Codec = {
  compress(bytes) {
    const block = snappy().compressSync(bytes, INSIDE);
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(block.length);
    return Buffer.concat([XERIAL_HEADER, length, block]);
  },

  decompress(bytes, maxBytes) {
    const blocks = blocksOf(bytes);
    let total = 0;
    for (const block of blocks) total += lengthOf(block);
    if (total > maxBytes) return undefined;
    const parts = blocks.map((block) => snappy().uncompressSync(block, INSIDE) as Buffer);
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  },
};

function blocksOf(bytes: Buffer): Buffer[] {
  if (!bytes.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return [bytes];
  const blocks: Buffer[] = [];
  let at = XERIAL_HEADER.length;
  while (at < bytes.length) {
    const start = at + 4;
    at = start + bytes.readUInt32BE(at);
    if (at > bytes.length) throw new RangeError('a block ends behind the end');
    blocks.push(bytes.subarray(start, at));
  }
  return blocks;
}

/** The decompressed length, a varint, with which a block begins; the library holds blocks to it. */
function lengthOf(block: Buffer): number {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = block.readUInt8(i);
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return length;
  }
  throw new RangeError('a length has more than five bytes');
}

function snappy(): typeof Snappy {
  return (library ??= loadLibrary('snappy') as typeof Snappy);
}
