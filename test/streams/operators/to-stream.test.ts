import {describe, expect, test} from 'vitest';
import {toStream} from '../../../src/streams/operators/to-stream.ts';
import {runOperator} from '../../../src/streams/testing/run-operator.ts';

describe('toStream', () => {
  test('forwards the row after a change, and a tombstone after a deletion', () => {
    const operator = runOperator(toStream<string, number>());

    expect(operator.send('a', {old: 1, new: 2}, {timestamp: 7})).toEqual([
      {key: 'a', value: 2, timestamp: 7, headers: []},
    ]);
    expect(operator.send('a', {old: 2, new: undefined})).toMatchObject([{value: null}]);
  });
});
