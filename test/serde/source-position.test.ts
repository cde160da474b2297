import {describe, expect, test} from 'vitest';
import {
  compareSourceCommits,
  compareSourceOrdinals,
  encodeSourcePosition,
  isSameSource,
} from '../../src/serde/source-position.ts';

describe('encodeSourcePosition', () => {
  test('writes LSN, ordinal and name', () => {
    const position = encodeSourcePosition('shop', 0x0102_0304_0506_0708n, 9);

    expect(position.toString('latin1')).toBe('\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\x09shop');
  });
});

describe('isSameSource', () => {
  test('goes by the whole name', () => {
    const shop = encodeSourcePosition('shop', 1n, 1);

    expect(isSameSource(shop, encodeSourcePosition('shop', 2n, 7))).toBe(true);
    expect(isSameSource(shop, encodeSourcePosition('shops', 1n, 1))).toBe(false);
    expect(isSameSource(shop, encodeSourcePosition('', 1n, 1))).toBe(false);
  });
});

describe('compareSourceCommits', () => {
  test('orders by LSN as an unsigned number, without the ordinal', () => {
    const lsns = [0n, 1n, 255n, 256n, 0x7fff_ffff_ffff_ffffn, 0xffff_ffff_ffff_ffffn];
    const positions = lsns.map((lsn, i) => encodeSourcePosition('shop', lsn, 10 - i));

    for (const [i, a] of positions.entries()) {
      for (const [j, b] of positions.entries()) {
        expect(Math.sign(compareSourceCommits(a, b))).toBe(Math.sign(i - j));
      }
    }
  });
});

describe('compareSourceOrdinals', () => {
  test('orders by the place within the transaction', () => {
    const ordinals = [0, 1, 255, 256, 0xffff_ffff];
    const positions = ordinals.map((ordinal) => encodeSourcePosition('shop', 1n, ordinal));

    for (const [i, a] of positions.entries()) {
      for (const [j, b] of positions.entries()) {
        expect(Math.sign(compareSourceOrdinals(a, b))).toBe(Math.sign(i - j));
      }
    }
  });
});
