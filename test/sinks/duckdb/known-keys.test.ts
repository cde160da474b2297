import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {KnownKeys, keyHash} from '../../../src/sinks/duckdb/known-keys.ts';

describe('KnownKeys', () => {
  test('knows every key that was added, also after it has grown', () => {
    const keys = new KnownKeys();
    const hashes = Array.from({length: 200_000}, (_, i) => keyHash(`order-${i}`));

    for (const hash of hashes) keys.add(hash);

    expect(hashes.filter((hash) => !keys.mayHave(hash))).toEqual([]);
  });

  test('takes few other keys for known ones', () => {
    const keys = new KnownKeys();
    for (let i = 0; i < 200_000; i++) keys.add(keyHash(`order-${i}`));

    const others = Array.from({length: 100_000}, (_, i) => keyHash(`other-${i}`));
    const mistaken = others.filter((hash) => keys.mayHave(hash)).length;

    expect(mistaken / others.length).toBeLessThan(0.003);
  });

  test('knows nothing at first', () => {
    expect(new KnownKeys().mayHave(keyHash('a'))).toBe(false);
  });
});

describe('keyHash', () => {
  test.each([
    ['', 3_338_908_027_751_811],
    ['a', 7_929_297_801_672_961],
    ['7ba65584-de72-4ad0-ad7a-f97a3f584f65', 429_728_243_902_202],
    ['🦆', 4_738_087_684_024_697],
  ])('of %j is what tables hold', (text, hash) => {
    expect(keyHash(text)).toBe(hash);
  });

  test('is a number that JSON and BIGINT hold exactly', () => {
    fc.assert(
      fc.property(fc.string({unit: 'binary'}), (text) => {
        const hash = keyHash(text);

        expect(Number.isSafeInteger(hash) && hash >= 0).toBe(true);
      }),
    );
  });

  test('tells 300,000 keys apart', () => {
    const hashes = new Set(Array.from({length: 300_000}, (_, i) => keyHash(`order-${i}`)));

    expect(hashes.size).toBe(300_000);
  });
});
