import {describe, expect, test} from 'vitest';
import {tableTableJoin} from '../../../src/streams/operators/table-table-join.ts';
import {runOperator} from '../../../src/streams/testing/run-operator.ts';

const run = () => {
  const operator = runOperator(
    tableTableJoin<string, number, string, string>('names', (value, name) => `${name}${value}`),
  );
  operator.store<string, string>('names').put('1', 'ada');
  return operator;
};

describe('tableTableJoin', () => {
  test('joins a changed row with the other side', () => {
    expect(run().send('1', {old: 1, new: 2}, {timestamp: 7})).toEqual([
      {key: '1', value: 'ada2', timestamp: 7, headers: []},
    ]);
  });

  test('forwards null for a deleted row', () => {
    expect(run().send('1', {old: 1, new: undefined})).toMatchObject([{value: null}]);
  });

  test('says nothing where the other side has no row', () => {
    expect(run().send('2', {old: undefined, new: 1})).toEqual([]);
    expect(run().send('2', {old: 1, new: undefined})).toEqual([]);
  });
});
