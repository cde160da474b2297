import type {TopicPartition} from '../../client.ts';
import {api} from './api-request.ts';
import type {ApiRequest} from './api-request.ts';
import {byTopic, readByTopic} from './topic-partitions.ts';
import {Writer} from './writer.ts';

export interface CommittedOffset extends TopicPartition {
  readonly error: number;
  /** -1 where nothing is committed. */
  readonly offset: number;
}

export interface OffsetFetchResponse {
  readonly error: number;
  readonly partitions: readonly CommittedOffset[];
}

/** With `require_stable`: UNSTABLE_OFFSET_COMMIT while a transaction that commits one of them is pending. */
export function offsetFetchRequest(
  groupId: string,
  partitions: readonly TopicPartition[],
): ApiRequest<OffsetFetchResponse> {
  const writer = new Writer();
  writer.string(groupId);
  writer.array([...byTopic(partitions)], ([topic, ofTopic]) => {
    writer.string(topic);
    writer.array(ofTopic, ({partition}) => writer.int32(partition));
    writer.tags();
  });
  writer.boolean(true).tags();
  return {
    api: api.offsetFetch,
    body: writer.parts,
    read: (reader) => {
      reader.int32();
      const committed = readByTopic(reader, (topic) => {
        const partition = reader.int32();
        const offset = reader.int64();
        reader.int32();
        reader.nullableString();
        return {topic, partition, offset, error: reader.int16()};
      });
      return {error: reader.int16(), partitions: committed};
    },
  };
}
