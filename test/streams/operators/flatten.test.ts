import {describe, expect, test} from 'vitest';
import {flatten} from '../../../src/streams/operators/flatten.ts';
import {runOperator} from '../../../src/streams/testing/run-operator.ts';

interface Change {
  readonly after: string | null;
}

describe('flatten', () => {
  test('forwards the nested row', () => {
    const operator = runOperator(flatten<string, Change, string>((change) => change.after));
    const headers = [{key: 'h', value: Buffer.of(1)}];

    expect(operator.send('a', {after: 'row'}, {timestamp: 7, headers})).toEqual([
      {key: 'a', value: 'row', timestamp: 7, headers},
    ]);
  });

  test('drops and counts a record without one', () => {
    const operator = runOperator(flatten<string, Change, string>((change) => change.after));

    expect(operator.send('a', {after: null})).toEqual([]);
    expect(operator.dropped()).toEqual({no_row: 1});
  });
});
