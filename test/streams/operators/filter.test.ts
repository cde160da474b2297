import {describe, expect, test} from 'vitest';
import {filter} from '../../../src/streams/operators/filter.ts';
import {runOperator} from '../../../src/streams/testing/run-operator.ts';

describe('filter', () => {
  test('forwards what the predicate accepts, as it is', () => {
    const operator = runOperator(filter<string, number>((value, key) => key === 'a' && value > 1));
    const headers = [{key: 'h', value: Buffer.of(1)}];

    expect(operator.send('a', 2, {timestamp: 7, headers})).toEqual([
      {key: 'a', value: 2, timestamp: 7, headers},
    ]);
    expect(operator.send('a', 1)).toEqual([]);
    expect(operator.send('b', 2)).toEqual([]);
  });
});
