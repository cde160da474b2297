import {describe, expect, test} from 'vitest';
import {mapValues} from '../../../src/streams/operators/map-values.ts';
import {runOperator} from '../../../src/streams/testing/run-operator.ts';

describe('mapValues', () => {
  test('replaces the value and keeps key, timestamp and headers', () => {
    const operator = runOperator(
      mapValues<string, number, string>((value, key) => `${key}${value}`),
    );
    const headers = [{key: 'h', value: Buffer.of(1)}];

    expect(operator.send('a', 2, {timestamp: 7, headers})).toEqual([
      {key: 'a', value: 'a2', timestamp: 7, headers},
    ]);
  });

  test('forwards null as a tombstone', () => {
    const operator = runOperator(mapValues<string, number, null>(() => null));

    expect(operator.send('a', 2)).toMatchObject([{key: 'a', value: null}]);
  });
});
