import type {GroupAssignor, TopicPartition} from '../kafka/client.ts';

/** Deals the partitions of all topics to the members in turn. */
export const roundRobin: GroupAssignor = (memberIds, partitions) => {
  const assignment = new Map<string, TopicPartition[]>(memberIds.map((id) => [id, []]));
  const hands = [...assignment.values()];
  let dealt = 0;
  for (const [topic, count] of partitions) {
    for (let partition = 0; partition < count; partition++) {
      hands[dealt++ % hands.length]?.push({topic, partition});
    }
  }
  return assignment;
};
