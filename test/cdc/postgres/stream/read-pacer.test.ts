import {beforeEach, describe, expect, test} from 'vitest';
import {ReadPacer} from '../../../../src/cdc/postgres/stream/read-pacer.ts';

describe('ReadPacer', () => {
  let pacer: ReadPacer;
  beforeEach(() => {
    pacer = new ReadPacer();
  });

  const reads = (times: readonly number[], bytes = 200): readonly number[] =>
    times.map((now) => pacer.afterRead(now, bytes));

  test('does not delay a few reads at once', () => {
    expect(reads([100, 100, 101])).toEqual([0, 0, 0]);
  });

  test('pauses a reader that wakes up for message after message', () => {
    expect(reads([100, 100, 101, 102, 103])).toEqual([0, 0, 0, 3, 3]);
  });

  test('does not add up reads that are apart', () => {
    expect(reads([100, 105, 110, 115, 120, 125])).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('starts counting anew after each window', () => {
    expect(reads([100, 101, 102, 105, 106, 107, 108])).toEqual([0, 0, 0, 0, 0, 0, 3]);
  });

  test('lets reads go on that bring as much as one can', () => {
    expect(reads([100, 100, 100, 100, 100, 100], 65_536)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
