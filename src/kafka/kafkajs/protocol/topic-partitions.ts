import type {TopicPartition} from '../../client.ts';
import type {Reader} from './reader.ts';
import type {Writer} from './writer.ts';

/** The items by topic, topics in order of their first item. */
export function byTopic<T extends TopicPartition>(
  items: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const topics = new Map<string, T[]>();
  for (const item of items) {
    const known = topics.get(item.topic);
    if (known === undefined) topics.set(item.topic, [item]);
    else known.push(item);
  }
  return topics;
}

/** `[topic [partition …]]`, as most requests name partitions. */
export function writeByTopic<T extends TopicPartition>(
  writer: Writer,
  items: readonly T[],
  writePartition: (item: T) => void,
): void {
  writer.array([...byTopic(items)], ([topic, partitions]) => {
    writer.string(topic);
    writer.array(partitions, writePartition);
    writer.tags();
  });
}

/** The same in an answer, flat. */
export function readByTopic<T>(reader: Reader, readPartition: (topic: string) => T): readonly T[] {
  return reader
    .array(() => {
      const topic = reader.string();
      const partitions = reader.array(() => {
        const partition = readPartition(topic);
        reader.tags();
        return partition;
      });
      reader.tags();
      return partitions;
    })
    .flat();
}

/** How partitions are named in messages and as keys of maps. */
export function partitionName({topic, partition}: TopicPartition): string {
  return `${topic}-${partition}`;
}
