import {describe, expect, test} from 'vitest';
import {roundRobin} from '../../src/sinks/partition-assignor.ts';

const topics = new Map([
  ['a', 3],
  ['b', 2],
]);

function names(memberIds: readonly string[]): readonly (readonly string[])[] {
  const members = memberIds.map((memberId) => ({memberId, userData: Buffer.alloc(0)}));
  return [...roundRobin(members, topics).values()].map(({partitions}) =>
    partitions.map(({topic, partition}) => `${topic}-${partition}`),
  );
}

describe('roundRobin', () => {
  test('gives everything to the only member', () => {
    expect(names(['m'])).toEqual([['a-0', 'a-1', 'a-2', 'b-0', 'b-1']]);
  });

  test('deals all topics in turn, so that members differ by one at most', () => {
    expect(names(['m', 'n'])).toEqual([
      ['a-0', 'a-2', 'b-1'],
      ['a-1', 'b-0'],
    ]);
  });

  test('leaves members empty-handed when there are more of them than partitions', () => {
    expect(names(['1', '2', '3', '4', '5', '6']).at(-1)).toEqual([]);
  });
});
