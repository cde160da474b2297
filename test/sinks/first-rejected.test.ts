import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {firstRejected} from '../../src/sinks/first-rejected.ts';

describe('firstRejected', () => {
  test('finds the first bad row of any, with the error that it alone makes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), {minLength: 1, maxLength: 300}), async (isBad) => {
        const rows = isBad.map((bad, offset) => ({bad, offset}));
        let attempts = 0;

        const found = await firstRejected(rows, async (some) => {
          attempts++;
          const bad = some.find((row) => row.bad);
          return bad && new Error(`row ${bad.offset} of ${some.length}`);
        });

        const first = rows.find((row) => row.bad);
        const error = first && new Error(`row ${first.offset} of 1`);
        expect(found).toEqual(first && {row: first, error});
        expect(attempts).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(rows.length)) + 2);
      }),
    );
  });

  test('finds none where rows are refused together only', async () => {
    const found = await firstRejected([1, 2, 3], async (some) =>
      some.length > 1 ? new Error('too many') : undefined,
    );

    expect(found).toBeUndefined();
  });
});
