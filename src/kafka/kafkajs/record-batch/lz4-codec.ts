import type * as Lz4 from 'lz4-napi';
import type {Codec} from './codec.ts';
import {loadLibrary} from './load-library.ts';

/** A byte of a block stands for at most 255: that is how far a further byte of a length counts. */
const MAX_RATIO = 255;

let library: typeof Lz4 | undefined;

/** The LZ4 frame format, which message format 2 uses as it is specified. */
export const lz4Codec: Codec = {
  compress: (bytes) => lz4().compressFrameSync(bytes),

  decompress(bytes, maxBytes) {
    if (mostBytesOf(bytes) > maxBytes) return undefined;
    return lz4().decompressFrameSync(bytes);
  },
};

/** What the blocks of a frame can hold. https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md */
function mostBytesOf(frame: Buffer): number {
  const flags = frame.readUInt8(4);
  const maxBlock = 1 << (8 + 2 * ((frame.readUInt8(5) >> 4) & 7));
  const [hasBlockChecksum, hasSize, hasDictionary] = [flags & 0x10, flags & 0x08, flags & 0x01];
  let at = 7 + (hasSize ? 8 : 0) + (hasDictionary ? 4 : 0);
  let total = 0;
  while (at + 4 <= frame.length) {
    const word = frame.readUInt32LE(at);
    if (word === 0) break;
    const size = word & 0x7fffffff;
    const isStored = word > 0x7fffffff;
    total += isStored ? size : Math.min(maxBlock, size * MAX_RATIO);
    at += 4 + size + (hasBlockChecksum ? 4 : 0);
  }
  return total;
}

function lz4(): typeof Lz4 {
  return (library ??= loadLibrary('lz4-napi') as typeof Lz4);
}
