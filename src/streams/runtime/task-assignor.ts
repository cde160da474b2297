import type {GroupAssignor, TopicPartition} from '../../kafka/client.ts';
import {encodeStandbys} from './assigned-standbys.ts';
import {decodeTaskClaims} from './task-claims.ts';
import {placeStandbys, placeTasks} from './task-placement.ts';

/** Topics that are read together: partition p of all of them is the task `<id>_p`. */
export interface TopicGroup {
  readonly id: number;
  readonly topics: readonly string[];
  /** Only such tasks have something to be kept warm. */
  readonly hasStores: boolean;
}

/**
 * Gives partition p of all topics that are read together to one member, by the rules of {@link placeTasks}, and tells
 * each member which tasks of others it has to keep warm.
 */
export function taskAssignor(
  groups: readonly TopicGroup[],
  standbyReplicas: number,
): GroupAssignor {
  return (joined, counts) => {
    const members = joined
      .map(({memberId, instanceId, userData}) => ({
        memberId,
        name: instanceId ?? memberId,
        claims: decodeTaskClaims(userData),
        partitions: new Array<TopicPartition>(),
        standbys: new Array<string>(),
      }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const tasks = groups.flatMap(({id, topics, hasStores}) => {
      const count = Math.max(0, ...topics.map((topic) => counts.get(topic) ?? 0));
      return Array.from({length: count}, (_, partition) => ({
        id: `${id}_${partition}`,
        hasStores,
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
    const kept = tasks.flatMap(({id, hasStores}, i) =>
      hasStores ? [{id, active: placed[i] ?? 0}] : [],
    );
    const standbys = placeStandbys(
      kept.map(({id}) => id),
      members,
      kept.map(({active}) => active),
      standbyReplicas,
    );
    for (const [i, {id}] of kept.entries()) {
      for (const member of standbys[i] ?? []) members[member]?.standbys.push(id);
    }
    return new Map(
      members.map(({memberId, partitions, standbys: ids}) => [
        memberId,
        {partitions, userData: ids.length === 0 ? undefined : encodeStandbys(ids)},
      ]),
    );
  };
}
