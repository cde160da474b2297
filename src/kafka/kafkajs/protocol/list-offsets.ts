import type {TopicPartition} from '../../client.ts';
import {api} from './api-request.ts';
import type {ApiRequest} from './api-request.ts';
import {readByTopic, writeByTopic} from './topic-partitions.ts';
import {Writer} from './writer.ts';

/** `latest` is the high watermark; `stable` where read_committed ends. */
const points = {
  earliest: {timestamp: -2, isolation: 0},
  latest: {timestamp: -1, isolation: 0},
  stable: {timestamp: -1, isolation: 1},
};

export type ListedPoint = keyof typeof points;

export interface ListedOffset extends TopicPartition {
  readonly error: number;
  readonly offset: number;
}

export function listOffsetsRequest(
  which: ListedPoint,
  partitions: readonly TopicPartition[],
): ApiRequest<readonly ListedOffset[]> {
  const writer = new Writer();
  const {timestamp, isolation} = points[which];
  writer.int32(-1).int8(isolation);
  writeByTopic(writer, partitions, ({partition}) => {
    writer.int32(partition).int32(-1).int64(timestamp).tags();
  });
  writer.tags();
  return {
    api: api.listOffsets,
    body: writer.parts,
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
