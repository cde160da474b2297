import {describe, expect, test} from 'vitest';
import {rekey} from '../../../src/streams/operators/rekey.ts';
import {runOperator} from '../../../src/streams/testing/run-operator.ts';

describe('rekey', () => {
  test('forwards the record under the key found in it', () => {
    const operator = runOperator(rekey<string, number, string>((value, key) => `${key}${value}`));
    const headers = [{key: 'h', value: Buffer.of(1)}];

    expect(operator.send('a', 2, {timestamp: 7, headers})).toEqual([
      {key: 'a2', value: 2, timestamp: 7, headers},
    ]);
  });

  test('drops and counts a record whose new key is null', () => {
    const operator = runOperator(rekey<string, number, string>(() => null));

    expect(operator.send('a', 2)).toEqual([]);
    expect(operator.dropped()).toEqual({null_key: 1});
  });
});
