import {describe, expect, test} from 'vitest';
import {fullXid} from '../../../../src/cdc/postgres/catalog/until-visible.ts';

const wrap = 2n ** 32n;

describe('fullXid', () => {
  test.each([
    ['of the first four billion', 700, 705n, 700n],
    ['that has not ended for the snapshot', 705, 700n, 705n],
    ['of a later epoch', 700, 3n * wrap + 705n, 3n * wrap + 700n],
    ['from before the last wraparound', 0xffff_fff0, wrap + 5n, 0xffff_fff0n],
    ['from behind the next wraparound', 5, wrap - 3n, wrap + 5n],
  ])('finds the one %s', (_, xid, near, full) => {
    expect(fullXid(xid, near)).toBe(full);
  });
});
