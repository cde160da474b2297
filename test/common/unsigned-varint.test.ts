import {assert, integer, maxSafeNat, property} from 'fast-check';
import {describe, expect, test} from 'vitest';
import {putVarint, unzigzag, varintSize, zigzag} from '../../src/common/unsigned-varint.ts';

describe('an unsigned varint', () => {
  test.each([
    [0, '00'],
    [127, '7f'],
    [128, '8001'],
    [16_383, 'ff7f'],
    [16_384, '808001'],
    [2 ** 21 - 1, 'ffff7f'],
    [2 ** 21, '80808001'],
    [2 ** 28 - 1, 'ffffff7f'],
    [2 ** 28, '8080808001'],
    [2 ** 31, '8080808008'],
    [1_764_000_000_000, '80d0dfb4ab33'],
    [2 ** 53 - 1, 'ffffffffffffff0f'],
  ])('of %d has seven bits a byte, the lowest first', (value, hex) => {
    const bytes = Buffer.alloc(10);

    const end = putVarint(bytes, 0, value);

    expect(bytes.toString('hex', 0, end)).toBe(hex);
  });

  test('takes as many bytes as its size says', () => {
    assert(
      property(maxSafeNat(), (value) => {
        expect(putVarint(Buffer.alloc(10), 0, value)).toBe(varintSize(value));
      }),
    );
  });
});

describe('zigzag', () => {
  test('makes small numbers of small ones of either sign, and back', () => {
    expect([0, -1, 1, -2, 2].map(zigzag)).toEqual([0, 1, 2, 3, 4]);
    assert(
      property(integer(), (value) => {
        expect(unzigzag(zigzag(value))).toBe(value);
      }),
    );
  });
});
