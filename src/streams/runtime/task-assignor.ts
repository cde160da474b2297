import type {GroupAssignor, TopicPartition} from '../../kafka/client.ts';
import {decodeTaskClaims} from './task-claims.ts';
import {placeTasks} from './task-placement.ts';

/** Topics that are read together: partition p of all of them is the task `<id>_p`. */
export interface TopicGroup {
  readonly id: number;
  readonly topics: readonly string[];
}

/** Gives partition p of all topics that are read together to one member, by the rules of {@link placeTasks}. */
export function taskAssignor(groups: readonly TopicGroup[]): GroupAssignor {
  return (joined, counts) => {
    const members = joined
      .map(({memberId, instanceId, userData}) => ({
        memberId,
        name: instanceId ?? memberId,
        claims: decodeTaskClaims(userData),
        partitions: new Array<TopicPartition>(),
      }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const tasks = groups.flatMap(({id, topics}) => {
      const count = Math.max(0, ...topics.map((topic) => counts.get(topic) ?? 0));
      return Array.from({length: count}, (_, partition) => ({
        id: `${id}_${partition}`,
        partitions: topics
          .filter((topic) => partition < (counts.get(topic) ?? 0))
          .map((topic): TopicPartition => ({topic, partition})),
      }));
    });
    const placed = placeTasks(
      tasks.map(({id}) => id),
      members,
    );
    for (const [i, {partitions}] of tasks.entries()) {
      members[placed[i] ?? 0]?.partitions.push(...partitions);
    }
    return new Map(members.map(({memberId, partitions}) => [memberId, {partitions}]));
  };
}
