import {describe, expect, test} from 'vitest';
import {streamTableLeftJoin} from '../../../src/streams/operators/stream-table-left-join.ts';
import {runOperator} from '../../../src/streams/testing/run-operator.ts';

const run = () => {
  const operator = runOperator(
    streamTableLeftJoin<string | null, string, number, string>(
      'prices',
      (value, price) => `${value} at ${price ?? 'no price'}`,
    ),
  );
  operator.store<string, number>('prices').put('p1', 9);
  return operator;
};

describe('streamTableLeftJoin', () => {
  test('joins with the row where there is one', () => {
    expect(run().send('p1', 'o1', {timestamp: 7})).toEqual([
      {key: 'p1', value: 'o1 at 9', timestamp: 7, headers: []},
    ]);
  });

  test('joins with null where there is none, also under a null key', () => {
    expect(run().send('p2', 'o1')).toMatchObject([{value: 'o1 at no price'}]);
    expect(run().send(null, 'o1')).toMatchObject([{key: null, value: 'o1 at no price'}]);
  });

  test('drops and counts null values', () => {
    const operator = run();

    expect(operator.send('p1', null)).toEqual([]);
    expect(operator.dropped()).toEqual({null_value: 1});
  });
});
