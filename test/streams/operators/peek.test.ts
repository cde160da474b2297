import {describe, expect, test} from 'vitest';
import {peek} from '../../../src/streams/operators/peek.ts';
import type {StreamRecord} from '../../../src/streams/processor.ts';
import {runOperator} from '../../../src/streams/testing/run-operator.ts';

describe('peek', () => {
  test('shows each record and forwards the same one', () => {
    const seen: StreamRecord<string, number>[] = [];
    const operator = runOperator(peek<string, number>((record) => void seen.push(record)));

    const forwarded = operator.send('a', 2);

    expect(seen).toEqual([{key: 'a', value: 2, timestamp: 0, headers: []}]);
    expect(forwarded[0]).toBe(seen[0]);
  });
});
