import {assert, property, uint8Array} from 'fast-check';
import {describe, expect, test} from 'vitest';
import {maskedCrc32c} from '../../../src/common/leveldb/crc32c.ts';

function mask(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Bit by bit, as RFC 3720 defines it. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

describe('maskedCrc32c', () => {
  test('has the check values of RFC 3720', () => {
    expect(maskedCrc32c(Buffer.from('123456789'))).toBe(mask(0xe3069283));
    expect(maskedCrc32c(Buffer.alloc(32))).toBe(mask(0x8a9136aa));
    expect(maskedCrc32c(Buffer.alloc(32, 0xff))).toBe(mask(0x62a8ab43));
  });

  test('is the same whatever the length', () => {
    assert(
      property(uint8Array({maxLength: 40}), (bytes) => {
        expect(maskedCrc32c(bytes)).toBe(mask(slowCrc32c(bytes)));
      }),
    );
  });
});
