import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {
  firstRejected,
  isRejection,
  rejectionReason,
} from '../../../src/sinks/duckdb/rejected-row.ts';
import {RejectedRowError} from '../../../src/sinks/warehouse-sink.ts';

describe('firstRejected', () => {
  test('finds the first bad row of any, with the error that it alone makes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), {minLength: 1, maxLength: 300}), async (isBad) => {
        const rows = isBad.map((bad, offset) => ({bad, offset}));
        let attempts = 0;

        const found = await firstRejected(rows, async (some) => {
          attempts++;
          const bad = some.find((row) => row.bad);
          if (bad !== undefined) throw new Error(`row ${bad.offset} of ${some.length}`);
        });

        const first = rows.find((row) => row.bad);
        const error = first && new Error(`row ${first.offset} of 1`);
        expect(found).toEqual(first && {row: first, error});
        expect(attempts).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(rows.length)) + 2);
      }),
    );
  });

  test('finds none where rows are refused together only', async () => {
    const found = await firstRejected([1, 2, 3], async (some) => {
      if (some.length > 1) throw new Error('too many');
    });

    expect(found).toBeUndefined();
  });
});

describe('isRejection', () => {
  test.each([
    'Conversion Error: Could not convert string "x" to INT64',
    'Invalid Input Error: Malformed JSON in file "/d/rows.ndjson", at byte 2 in record/value 1',
    'Out of Range Error: Overflow',
    'Constraint Error: NOT NULL constraint failed: t.a',
    'Mismatch Type Error: Type VARCHAR does not match',
  ])('is a fault of a row: %s', (message) => {
    expect(isRejection(new Error(message))).toBe(true);
  });

  test.each([
    'IO Error: Could not write file "/d/w.duckdb": No space left on device',
    'Out of Memory Error: failed to allocate data',
    'TransactionContext Error: Conflict on update!',
    'Catalog Error: Table with name t does not exist!',
    'A Conversion Error: not at the start',
  ])('is a fault of no row: %s', (message) => {
    expect(isRejection(new Error(message))).toBe(false);
  });

  test('is what the sink itself finds, too', () => {
    expect(isRejection(new RejectedRowError(7, 'it has no key'))).toBe(true);
  });
});

describe('rejectionReason', () => {
  test.each([
    [
      'Conversion Error: Could not convert string "x" to INT64 in line 3. Try setting ignore_errors',
      'Conversion Error: Could not convert string "x" to INT64',
    ],
    [
      'Invalid Input Error: Malformed JSON in file "/d/w.staging/rows.ndjson", at byte 2 in line 1: unexpected end. \nmore',
      'Invalid Input Error: Malformed JSON: unexpected end',
    ],
    ['Out of Range Error: Overflow', 'Out of Range Error: Overflow'],
  ])('of %s says nothing of the staging file', (message, reason) => {
    expect(rejectionReason(new Error(message))).toBe(reason);
  });
});
