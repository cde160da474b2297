import type {TopicPartition} from '../../client.ts';
import {api} from './api-request.ts';
import type {ApiRequest} from './api-request.ts';
import {readByTopic, writeByTopic} from './topic-partitions.ts';
import {Writer} from './writer.ts';

export interface ProducePartition extends TopicPartition {
  /** One encoded record batch. */
  readonly batch: Buffer;
}

export interface ProducedPartition extends TopicPartition {
  readonly error: number;
  readonly baseOffset: number;
  /** What the broker says beside the code. */
  readonly message: string | null;
}

/** Acknowledged by all in-sync replicas. */
export function produceRequest(
  transactionalId: string,
  timeoutMs: number,
  partitions: readonly ProducePartition[],
): ApiRequest<readonly ProducedPartition[]> {
  const writer = new Writer();
  writer.nullableString(transactionalId).int16(-1).int32(timeoutMs);
  writeByTopic(writer, partitions, ({partition, batch}) => {
    writer.int32(partition).referTo(batch).tags();
  });
  writer.tags();
  return {
    api: api.produce,
    body: writer.parts,
    read: (reader) =>
      readByTopic(reader, (topic) => {
        const partition = reader.int32();
        const error = reader.int16();
        const baseOffset = reader.int64();
        reader.int64();
        reader.int64();
        reader.array(() => {
          reader.int32();
          reader.nullableString();
          reader.tags();
        });
        return {topic, partition, error, baseOffset, message: reader.nullableString()};
      }),
  };
}
