import {describe, expect, test} from 'vitest';
import {isRejection, rejectionReason} from '../../../src/sinks/duckdb/rejected-row.ts';
import {RejectedRowError} from '../../../src/sinks/warehouse-sink.ts';

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
