import {describe, expect, test} from 'vitest';
import {formatLsn, parseLsn} from '../../../src/cdc/postgres/lsn.ts';

describe('formatLsn and parseLsn', () => {
  test.each([
    ['0/0', 0n],
    ['16/B374D848', 0x16_b374_d848n],
    ['FFFFFFFF/FFFFFFFF', 0xffff_ffff_ffff_ffffn],
    ['1/A', 0x1_0000_000an],
  ])('%s', (text, lsn) => {
    expect(formatLsn(lsn)).toBe(text);
    expect(parseLsn(text)).toBe(lsn);
  });
});
