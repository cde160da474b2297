import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import {murmur2, partitionFor} from '../../src/kafka/partitioner.ts';

describe('murmur2', () => {
  // From org.apache.kafka.common.utils.UtilsTest.testMurmur2.
  test.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as Java does', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash);
  });
});

describe('partitionFor', () => {
  test('trap 16: masks the sign off, as Java does, instead of taking the absolute value', () => {
    const key = Buffer.from('foobar');

    const partition = partitionFor(key, 7);

    expect(partition).toBe((-790332482 & 0x7fffffff) % 7);
    expect(partition).not.toBe(790332482 % 7);
  });

  test('stays within the partitions', () => {
    fc.assert(
      fc.property(fc.uint8Array({maxLength: 40}), fc.integer({min: 1, max: 50}), (key, count) => {
        const partition = partitionFor(key, count);

        expect(Number.isInteger(partition) && partition >= 0 && partition < count).toBe(true);
      }),
    );
  });

  test('sends records without a key to partition 0', () => {
    expect(partitionFor(null, 5)).toBe(0);
  });
});
