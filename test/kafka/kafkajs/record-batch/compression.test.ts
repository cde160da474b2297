import {gzipSync} from 'node:zlib';
import {assert, property, uint8Array} from 'fast-check';
import {compressFrameSync} from 'lz4-napi';
import {compressSync} from 'snappy';
import {describe, expect, test} from 'vitest';
import {codecs} from '../../../../src/kafka/kafkajs/record-batch/compression.ts';

const types = ['gzip', 'snappy', 'lz4', 'zstd'] as const;
const noLimit = 1 << 28;
/** 1 MB in which bytes repeat and differ: several blocks of every codec. */
const rows = Buffer.from(
  Array.from(
    {length: 20_000},
    (_, i) => `{"id":${i * 7919},"name":"n-${i % 97}","x":"${i}"}`,
  ).join(),
);
const twice = Buffer.concat([rows, rows]);

describe.each(types)('%s', (type) => {
  const codec = codecs[type];

  test('gives back what it took', () => {
    assert(
      property(uint8Array({maxLength: 2_000}), (bytes) => {
        const back = codec.decompress(codec.compress(Buffer.from(bytes)), noLimit);
        expect(back?.equals(bytes)).toBe(true);
      }),
    );
    const compressed = codec.compress(rows);
    expect(compressed.length).toBeLessThan(rows.length / 2);
    expect(codec.decompress(compressed, noLimit)?.equals(rows)).toBe(true);
  });

  test('makes no more of it than is allowed', () => {
    const compressed = codec.compress(Buffer.alloc(2 << 20));

    // What an LZ4 block could hold counts: up to 4 MB.
    expect(codec.decompress(compressed, 4 << 20)).toHaveLength(2 << 20);
    expect(codec.decompress(compressed, 1 << 20)).toBeUndefined();
  });

  test('fails, or gives something else, where the bytes are damaged', () => {
    const some = rows.subarray(0, 3_000);
    const compressed = codec.compress(some);
    let failed = 0;
    for (let i = 0; i < compressed.length; i++) {
      const damaged = Buffer.from(compressed);
      damaged[i] = (damaged[i] as number) ^ 0x55;
      for (const bytes of [damaged, compressed.subarray(0, i)]) {
        try {
          codec.decompress(bytes, noLimit);
        } catch {
          failed++;
        }
      }
    }
    expect(failed).toBeGreaterThan(compressed.length / 2);
  });
});

describe('codecs', () => {
  test('read snappy blocks without the frame of snappy-java', () => {
    expect(codecs.snappy.decompress(compressSync(rows), noLimit)?.equals(rows)).toBe(true);
  });

  test('hold all blocks of snappy-java together to the limit', () => {
    const one = codecs.snappy.compress(rows);
    const two = Buffer.concat([one, one.subarray(16)]);

    expect(codecs.snappy.decompress(two, rows.length * 2)?.equals(twice)).toBe(true);
    expect(codecs.snappy.decompress(two, rows.length * 2 - 1)).toBeUndefined();
  });

  test('read gzip in several members', () => {
    const two = Buffer.concat([gzipSync(rows), gzipSync(rows)]);

    expect(codecs.gzip.decompress(two, noLimit)?.equals(twice)).toBe(true);
  });

  test('read LZ4 with and without checksums', () => {
    for (const contentChecksum of [false, true]) {
      for (const blockChecksums of [false, true]) {
        const frame = compressFrameSync(rows, {contentChecksum, blockChecksums});
        expect(codecs.lz4.decompress(frame, rows.length + (4 << 20))?.equals(rows)).toBe(true);
        expect(codecs.lz4.decompress(frame, rows.length - 1)).toBeUndefined();
      }
    }
  });

  test('read zstd in several frames, some of which are to be skipped', () => {
    const frame = codecs.zstd.compress(rows);
    const skipped = Buffer.from('5a2a4d1803000000616263', 'hex');
    const all = Buffer.concat([frame, skipped, frame]);

    expect(codecs.zstd.decompress(all, noLimit)?.equals(twice)).toBe(true);
    expect(codecs.zstd.decompress(all, rows.length * 2 - 1)).toBeUndefined();
  });
});
