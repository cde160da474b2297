import type {TopicPartition} from '../../client.ts';
import {api} from './api-request.ts';
import type {ApiRequest} from './api-request.ts';
import {readByTopic, writeByTopic} from './topic-partitions.ts';
import {Writer} from './writer.ts';

const timestamps = {earliest: -2, latest: -1};

export interface ListedOffset extends TopicPartition {
  readonly error: number;
  readonly offset: number;
}

/** read_uncommitted: `latest` is the high watermark. */
export function listOffsetsRequest(
  which: keyof typeof timestamps,
  partitions: readonly TopicPartition[],
): ApiRequest<readonly ListedOffset[]> {
  const writer = new Writer();
  writer.int32(-1).int8(0);
  writeByTopic(writer, partitions, ({partition}) => {
    writer.int32(partition).int32(-1).int64(timestamps[which]).tags();
  });
  writer.tags();
  return {
    api: api.listOffsets,
    body: writer.bytes,
    read: (reader) => {
      reader.int32();
      return readByTopic(reader, (topic) => {
        const partition = reader.int32();
        const error = reader.int16();
        reader.int64();
        const offset = reader.int64();
        reader.int32();
        return {topic, partition, error, offset};
      });
    },
  };
}
