import type * as Zstd from '@toondepauw/node-zstd';
import type {Codec} from './codec.ts';
import {loadLibrary} from './load-library.ts';

/** What Java's clients use. */
const LEVEL = 3;
const FRAME_MAGIC = 0xfd2fb528;
/** The last four bits are the user's. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const MAX_BLOCK = 128 << 10;
const blockType = {raw: 0, rle: 1} as const;

let library: {readonly encoder: Zstd.Encoder; readonly decoder: Zstd.Decoder} | undefined;

/** `node:zlib` has zstd from Node 22.15 on; this is one way for all versions. */
export const zstdCodec: Codec = {
  compress: (bytes) => zstd().encoder.encodeSync(bytes),

  decompress(bytes, maxBytes) {
    if (mostBytesOf(bytes) > maxBytes) return undefined;
    return zstd().decoder.decodeSync(bytes);
  },
};

/**
 * What the blocks of all frames can hold: a compressed one is taken for full, because its size shows only when it is decompressed,
 * and a frame's own size may be absent, or a lie. https://datatracker.ietf.org/doc/html/rfc8878#section-3.1
 */
function mostBytesOf(bytes: Buffer): number {
  let total = 0;
  let at = 0;
  while (at + 8 <= bytes.length) {
    const magic = bytes.readUInt32LE(at);
    at += 4;
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      at += 4 + bytes.readUInt32LE(at);
      continue;
    }
    // The library says what is wrong with it.
    if (magic !== FRAME_MAGIC) break;
    const descriptor = bytes.readUInt8(at);
    at += frameHeaderBytes(descriptor);
    let isLast = false;
    while (!isLast && at + 3 <= bytes.length) {
      const header = bytes.readUIntLE(at, 3);
      const size = header >> 3;
      const type = (header >> 1) & 3;
      isLast = (header & 1) === 1;
      total += type === blockType.raw || type === blockType.rle ? size : MAX_BLOCK;
      at += 3 + (type === blockType.rle ? 1 : size);
    }
    if (descriptor & 0x04) at += 4;
  }
  return total;
}

/** Descriptor, window, dictionary id and content size. */
function frameHeaderBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const dictionaryFlag = descriptor & 3;
  const sizeBytes = sizeFlag === 0 ? Number(isSingleSegment) : 1 << sizeFlag;
  const dictionaryBytes = dictionaryFlag === 3 ? 4 : dictionaryFlag;
  return 1 + Number(!isSingleSegment) + dictionaryBytes + sizeBytes;
}

function zstd(): NonNullable<typeof library> {
  if (library === undefined) {
    const {Encoder, Decoder} = loadLibrary('@toondepauw/node-zstd') as typeof Zstd;
    library = {encoder: new Encoder(LEVEL), decoder: new Decoder()};
  }
  return library;
}
