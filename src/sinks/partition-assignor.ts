import type {GroupAssignor, TopicPartition} from '../kafka/client.ts';

/** Deals the partitions of all topics to the members in turn. */
export const roundRobin: GroupAssignor = (members, partitions) => {
  const hands = members.map((): TopicPartition[] => []);
  let dealt = 0;
  for (const [topic, count] of partitions) {
    for (let partition = 0; partition < count; partition++) {
      hands[dealt++ % hands.length]?.push({topic, partition});
    }
  }
  return new Map(members.map(({memberId}, i) => [memberId, {partitions: hands[i] ?? []}]));
};
