import {describe, expect, test} from 'vitest';
import {
  compareSourceCommits,
  compareSourceOrdinals,
  encodeSourcePosition,
  isEarlierInSource,
  isSameSource,
} from '../../src/serde/source-position.ts';

const shop = {name: 'shop', systemId: '7'};

describe('encodeSourcePosition', () => {
  test('writes LSN, ordinal, system identifier and name', () => {
    const position = encodeSourcePosition(shop, 0x0102_0304_0506_0708n, 9);

    expect(position.toString('latin1')).toBe(
      '\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\x09\0\0\0\0\0\0\0\x07shop',
    );
  });
});

describe('isSameSource', () => {
  test('goes by the server and the whole name', () => {
    const first = encodeSourcePosition(shop, 1n, 1);

    expect(isSameSource(first, encodeSourcePosition(shop, 2n, 7))).toBe(true);
    expect(isSameSource(first, encodeSourcePosition({...shop, name: 'shops'}, 1n, 1))).toBe(false);
    expect(isSameSource(first, encodeSourcePosition({...shop, name: ''}, 1n, 1))).toBe(false);
    expect(isSameSource(first, encodeSourcePosition({...shop, systemId: '8'}, 1n, 1))).toBe(false);
  });
});

describe('compareSourceCommits', () => {
  test('orders by LSN as an unsigned number, without the ordinal', () => {
    const lsns = [0n, 1n, 255n, 256n, 0x7fff_ffff_ffff_ffffn, 0xffff_ffff_ffff_ffffn];
    const positions = lsns.map((lsn, i) => encodeSourcePosition(shop, lsn, 10 - i));

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
    const positions = ordinals.map((ordinal) => encodeSourcePosition(shop, 1n, ordinal));

    for (const [i, a] of positions.entries()) {
      for (const [j, b] of positions.entries()) {
        expect(Math.sign(compareSourceOrdinals(a, b))).toBe(Math.sign(i - j));
      }
    }
  });
});

describe('isEarlierInSource', () => {
  test('goes by commit, and within one transaction by the place in it', () => {
    const positions = [
      [1n, 0],
      [1n, 255],
      [1n, 256],
      [2n, 1],
      [256n, 0],
    ] as const;
    const encoded = positions.map(([lsn, ordinal]) => encodeSourcePosition(shop, lsn, ordinal));

    for (const [i, a] of encoded.entries()) {
      for (const [j, b] of encoded.entries()) expect(isEarlierInSource(a, b)).toBe(i < j);
    }
  });

  test('cannot tell across sources, or without a position', () => {
    const [early, late] = [1n, 2n].map((lsn) => encodeSourcePosition(shop, lsn, 1));
    const other = encodeSourcePosition({...shop, systemId: '8'}, 1n, 1);

    expect(isEarlierInSource(other, late)).toBe(false);
    expect(isEarlierInSource(undefined, late)).toBe(false);
    expect(isEarlierInSource(early, undefined)).toBe(false);
  });
});
