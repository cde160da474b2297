import {describe, expect, test} from 'vitest';
import {
  leftOfLeftJoin,
  rightOfLeftJoin,
} from '../../../src/streams/operators/table-table-left-join.ts';
import {runOperator} from '../../../src/streams/testing/run-operator.ts';

const join = (value: number, name: string | null): string => `${name ?? 'nobody'}${value}`;

describe('leftOfLeftJoin', () => {
  test('joins with null where the right side has no row', () => {
    const operator = runOperator(leftOfLeftJoin<string, number, string, string>('names', join));
    operator.store<string, string>('names').put('1', 'ada');

    expect(operator.send('1', {old: undefined, new: 2})).toMatchObject([{value: 'ada2'}]);
    expect(operator.send('2', {old: undefined, new: 2})).toMatchObject([{value: 'nobody2'}]);
  });

  test('forwards null for a deleted row', () => {
    const operator = runOperator(leftOfLeftJoin<string, number, string, string>('names', join));

    expect(operator.send('1', {old: 1, new: undefined})).toMatchObject([{value: null}]);
  });
});

describe('rightOfLeftJoin', () => {
  test('joins the left row anew, with null after a deletion', () => {
    const operator = runOperator(rightOfLeftJoin<string, number, string, string>('values', join));
    operator.store<string, number>('values').put('1', 7);

    expect(operator.send('1', {old: undefined, new: 'ada'})).toMatchObject([{value: 'ada7'}]);
    expect(operator.send('1', {old: 'ada', new: undefined})).toMatchObject([{value: 'nobody7'}]);
  });

  test('says nothing where the left side has no row', () => {
    const operator = runOperator(rightOfLeftJoin<string, number, string, string>('values', join));

    expect(operator.send('1', {old: undefined, new: 'ada'})).toEqual([]);
  });
});
