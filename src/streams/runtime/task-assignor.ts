import type {GroupAssignor, TopicPartition} from '../../kafka/client.ts';
import {encodeAssignmentInfo} from './assignment-info.ts';
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
 * each member which tasks of others it has to keep warm and where all members are reached.
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
        tasks: new Array<string>(),
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
    for (const [i, {id, partitions}] of tasks.entries()) {
      const member = members[placed[i] ?? 0];
      member?.partitions.push(...partitions);
      member?.tasks.push(id);
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
    const tasksByServer = new Map(
      members.flatMap(({claims: {server}, tasks: ids}) =>
        server === undefined ? [] : [[server, ids] as const],
      ),
    );
    return new Map(
      members.map(({memberId, partitions, standbys: ids}) => [
        memberId,
        {
          partitions,
          userData:
            ids.length === 0 && tasksByServer.size === 0
              ? undefined
              : encodeAssignmentInfo({standbys: ids, tasksByServer}),
        },
      ]),
    );
  };
}
