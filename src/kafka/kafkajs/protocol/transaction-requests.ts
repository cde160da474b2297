import type {GroupMetadata, OffsetCommit, TopicPartition} from '../../client.ts';
import {api} from './api-request.ts';
import type {ApiRequest} from './api-request.ts';
import type {Reader} from './reader.ts';
import {byTopic, readByTopic, writeByTopic} from './topic-partitions.ts';
import {Writer} from './writer.ts';

/** Who writes, as the transaction coordinator knows it. */
export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** A partition's share in the answer to a request that names several. */
export interface PartitionError extends TopicPartition {
  readonly error: number;
}

/** `known` fences others only if nobody has fenced it (KIP-360); without it, whoever asks last wins. */
export function initProducerIdRequest(
  transactionalId: string,
  transactionTimeoutMs: number,
  known: ProducerIdentity | undefined,
): ApiRequest<ProducerIdentity & {readonly error: number}> {
  const writer = new Writer();
  writer.nullableString(transactionalId).int32(transactionTimeoutMs);
  writer
    .int64(known?.producerId ?? -1)
    .int16(known?.producerEpoch ?? -1)
    .tags();
  return {
    api: api.initProducerId,
    body: writer.parts,
    read: (reader) => {
      reader.int32();
      return {error: reader.int16(), producerId: reader.int64(), producerEpoch: reader.int16()};
    },
  };
}

export function addPartitionsToTxnRequest(
  transactionalId: string,
  identity: ProducerIdentity,
  partitions: readonly TopicPartition[],
): ApiRequest<readonly PartitionError[]> {
  const writer = start(transactionalId, identity);
  writer.array([...byTopic(partitions)], ([topic, ofTopic]) => {
    writer.string(topic);
    writer.array(ofTopic, ({partition}) => writer.int32(partition));
    writer.tags();
  });
  writer.tags();
  return {
    api: api.addPartitionsToTxn,
    body: writer.parts,
    read: readPartitionErrors,
  };
}

export function addOffsetsToTxnRequest(
  transactionalId: string,
  identity: ProducerIdentity,
  groupId: string,
): ApiRequest<number> {
  const writer = start(transactionalId, identity);
  writer.string(groupId).tags();
  return {api: api.addOffsetsToTxn, body: writer.parts, read: readError};
}

/** The group coordinator refuses it from a member of another generation (KIP-447). */
export function txnOffsetCommitRequest(
  transactionalId: string,
  identity: ProducerIdentity,
  group: GroupMetadata,
  offsets: readonly OffsetCommit[],
): ApiRequest<readonly PartitionError[]> {
  const writer = new Writer();
  writer.string(transactionalId).string(group.groupId);
  writer.int64(identity.producerId).int16(identity.producerEpoch);
  writer.int32(group.generationId).string(group.memberId);
  writer.nullableString(group.instanceId ?? null);
  writeByTopic(writer, offsets, ({partition, offset}) => {
    writer.int32(partition).int64(offset).int32(-1).nullableString(null).tags();
  });
  writer.tags();
  return {api: api.txnOffsetCommit, body: writer.parts, read: readPartitionErrors};
}

/** Idempotent for one producer id and epoch, until the next transaction has begun. */
export function endTxnRequest(
  transactionalId: string,
  identity: ProducerIdentity,
  isCommit: boolean,
): ApiRequest<number> {
  const writer = start(transactionalId, identity);
  writer.boolean(isCommit).tags();
  return {api: api.endTxn, body: writer.parts, read: readError};
}

function start(transactionalId: string, {producerId, producerEpoch}: ProducerIdentity): Writer {
  return new Writer().string(transactionalId).int64(producerId).int16(producerEpoch);
}

function readError(reader: Reader): number {
  reader.int32();
  return reader.int16();
}

function readPartitionErrors(reader: Reader): readonly PartitionError[] {
  reader.int32();
  return readByTopic(reader, (topic) => ({
    topic,
    partition: reader.int32(),
    error: reader.int16(),
  }));
}
