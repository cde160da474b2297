import {describe, expect, test} from 'vitest';
import {textsOf, tuple, tuplesOfMessage} from '../support/tuple.ts';

describe('Tuple', () => {
  test('tells null, the empty text and what was not sent apart', () => {
    const row = tuple(['é', null, '', undefined]);

    expect(textsOf(row)).toEqual(['é', null, '', undefined]);
    expect([0, 1, 2, 3].map((index) => row.isNull(index))).toEqual([false, true, false, false]);
    expect([0, 1, 2, 3].map((index) => row.isSent(index))).toEqual([true, true, true, false]);
  });

  test('is filled from the old row where it was not sent, and not where it is null', () => {
    const [row = tuple([]), old = tuple([])] = tuplesOfMessage([
      ['a', undefined, null, undefined],
      ['b', 'x', 'y', null],
    ]);

    expect(textsOf(row.filledFrom(old))).toEqual(['a', 'x', null, null]);
  });

  test('is not filled from the row of another message, which lies elsewhere', () => {
    expect(() => tuple([undefined]).filledFrom(tuple(['a']))).toThrow('not of one message');
  });

  test('keeps some columns only', () => {
    expect(textsOf(tuple(['a', 'b', null]).only([true, false, true]))).toEqual([
      'a',
      undefined,
      null,
    ]);
  });

  test('compares the values of a column', () => {
    const row = tuple(['a', 'ab', '', null, undefined]);
    const other = tuple(['a', 'aB', null, null, 'x']);

    expect([0, 1, 2, 3, 4].map((index) => row.hasSame(index, other))).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
  });
});
