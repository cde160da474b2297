import {describe, expect, test} from 'vitest';
import {streamTableJoin} from '../../../src/streams/operators/stream-table-join.ts';
import {runOperator} from '../../../src/streams/testing/run-operator.ts';

const join = (value: string, price: number): string => `${value} at ${price}`;

describe('streamTableJoin', () => {
  test('joins with the row as it stands, at the time of the record', () => {
    const operator = runOperator(streamTableJoin<string, string, number, string>('prices', join));
    const headers = [{key: 'h', value: Buffer.of(1)}];
    operator.store<string, number>('prices').put('p1', 9);

    expect(operator.send('p1', 'o1', {timestamp: 7, headers})).toEqual([
      {key: 'p1', value: 'o1 at 9', timestamp: 7, headers},
    ]);
  });

  test('drops and counts a record that finds no row', () => {
    const operator = runOperator(streamTableJoin<string, string, number, string>('prices', join));

    expect(operator.send('p1', 'o1')).toEqual([]);
    expect(operator.dropped()).toEqual({join_miss: 1});
  });

  test('drops and counts null keys and null values', () => {
    const operator = runOperator(
      streamTableJoin<string | null, string, number, string>('prices', join),
    );
    operator.store<string, number>('prices').put('p1', 9);

    expect(operator.send(null, 'o1')).toEqual([]);
    expect(operator.send('p1', null)).toEqual([]);
    expect(operator.dropped()).toEqual({null_key: 1, null_value: 1});
  });
});
