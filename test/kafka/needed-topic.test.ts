import {describe, expect, test} from 'vitest';
import {mergedTopics} from '../../src/kafka/needed-topic.ts';
import type {NeededTopic} from '../../src/kafka/needed-topic.ts';

function topic(name: string, more: Partial<NeededTopic> = {}): NeededTopic {
  const spec = {name, partitions: 1, cleanupPolicy: 'delete'} as const;
  return {spec, isExact: false, isCreated: false, operations: ['READ'], ...more};
}

describe('mergedTopics', () => {
  test('holds what several stages need of a topic together', () => {
    const compacted = {name: 'a', partitions: 4, cleanupPolicy: 'compact'} as const;
    const exact = topic('a', {
      spec: compacted,
      isExact: true,
      isCreated: true,
      operations: ['WRITE', 'READ'],
    });

    for (const order of [
      [topic('a'), exact],
      [exact, topic('a')],
    ])
      expect(mergedTopics(order)).toEqual([{...exact, operations: expect.any(Array)}]);
    expect(mergedTopics([topic('a'), exact])[0]?.operations.toSorted()).toEqual(['READ', 'WRITE']);
  });

  test('leaves others as they are', () => {
    const topics = [topic('a'), topic('b')];

    expect(mergedTopics(topics)).toEqual(topics);
  });
});
