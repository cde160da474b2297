import type {TopicSpec} from './client.ts';

/** What an ACL on a topic allows, beside describing it and its configuration, which every stage does. */
export type TopicOperation = 'READ' | 'WRITE' | 'DELETE';

/** A topic that a stage works with, as `millrace check` looks at it. */
export interface NeededTopic {
  /** As it is created. */
  readonly spec: TopicSpec;
  /** Whether one that is there has to be so; others are taken as they are. */
  readonly isExact: boolean;
  /** Whether the service makes it where it is missing. */
  readonly isCreated: boolean;
  readonly operations: readonly TopicOperation[];
}

/** One entry for each name: what several stages need of a topic holds together. */
export function mergedTopics(topics: readonly NeededTopic[]): readonly NeededTopic[] {
  const byName = new Map<string, NeededTopic>();
  for (const topic of topics) {
    const known = byName.get(topic.spec.name);
    byName.set(topic.spec.name, known === undefined ? topic : merged(known, topic));
  }
  return [...byName.values()];
}

function merged(one: NeededTopic, other: NeededTopic): NeededTopic {
  const [first, second] = weight(one) >= weight(other) ? [one, other] : [other, one];
  return {
    spec: first.spec,
    isExact: first.isExact || second.isExact,
    isCreated: first.isCreated || second.isCreated,
    operations: [...new Set([...first.operations, ...second.operations])],
  };
}

/** Whose specification counts: who insists on it, then who makes the topic. */
function weight({isExact, isCreated}: NeededTopic): number {
  return (isExact ? 2 : 0) + (isCreated ? 1 : 0);
}
