import type {Codec} from './codec.ts';
import {gzipCodec} from './gzip-codec.ts';
import {lz4Codec} from './lz4-codec.ts';
import {snappyCodec} from './snappy-codec.ts';
import {zstdCodec} from './zstd-codec.ts';

/** `compression.type` of what is written, and of what is read. A type's place is its number in a batch's attributes. */
export const compressionTypes = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

export type CompressionType = (typeof compressionTypes)[number];

export const codecs: Readonly<Record<Exclude<CompressionType, 'none'>, Codec>> = {
  gzip: gzipCodec,
  snappy: snappyCodec,
  lz4: lz4Codec,
  zstd: zstdCodec,
};
