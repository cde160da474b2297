import type {GroupAssignor, TopicPartition} from '../../kafka/client.ts';
import {murmur2} from '../../kafka/partitioner.ts';

/**
 * Gives partition p of all topics that are read together to one member.
 *
 * The tasks of the members differ by one at most. A task goes to the member that it ranks highest among those with
 * room (rendezvous hashing), so that a member that comes or goes moves few of the others' tasks, though the leader
 * knows nothing of who had what.
 */
export function taskAssignor(topicGroups: readonly (readonly string[])[]): GroupAssignor {
  return (memberIds, partitions) => {
    const assignment = new Map<string, TopicPartition[]>(memberIds.map((id) => [id, []]));
    if (memberIds.length === 0) return assignment;
    const tasks = topicGroups.flatMap((topics) => {
      const count = Math.max(0, ...topics.map((topic) => partitions.get(topic) ?? 0));
      return Array.from({length: count}, (_, partition) =>
        topics.map((topic): TopicPartition => ({topic, partition})),
      );
    });
    const fair = Math.floor(tasks.length / memberIds.length);
    let oneMore = tasks.length % memberIds.length;
    const load = new Map<string, number>();
    for (const task of tasks) {
      const name = task.map(({topic, partition}) => `${topic}-${partition}`).join(' ');
      const member = byRank(memberIds, name).find((id) => {
        const count = load.get(id) ?? 0;
        return count < fair || (count === fair && oneMore > 0);
      }) as string;
      const count = load.get(member) ?? 0;
      if (count >= fair) oneMore--;
      load.set(member, count + 1);
      assignment
        .get(member)
        ?.push(...task.filter(({topic, partition}) => partition < (partitions.get(topic) ?? 0)));
    }
    return assignment;
  };
}

function byRank(memberIds: readonly string[], task: string): readonly string[] {
  const rank = new Map(memberIds.map((id) => [id, murmur2(Buffer.from(`${id} ${task}`)) >>> 0]));
  return memberIds.toSorted((a, b) => (rank.get(b) as number) - (rank.get(a) as number));
}
