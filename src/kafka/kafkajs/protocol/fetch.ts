import {api} from './api-request.ts';
import type {ApiRequest} from './api-request.ts';
import type {Reader} from './reader.ts';
import {Writer} from './writer.ts';

export interface FetchPartition {
  /** Hexadecimal. */
  readonly topicId: string;
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly offset: number;
  readonly maxBytes: number;
}

export interface FetchOptions {
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly isolation: 'read_committed' | 'read_uncommitted';
  readonly partitions: readonly FetchPartition[];
}

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface FetchedData {
  readonly topicId: string;
  readonly partition: number;
  readonly error: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  /** Record batches, the last of which may be cut off; a view of the response. */
  readonly records: Buffer;
}

export interface FetchResponse {
  readonly error: number;
  readonly partitions: readonly FetchedData[];
}

const nothing = Buffer.alloc(0);

/** Without a fetch session: each request names all of its partitions. */
export function fetchRequest(options: FetchOptions): ApiRequest<FetchResponse> {
  const {maxWaitMs, maxBytes, isolation, partitions} = options;
  const writer = new Writer(128 + partitions.length * 48);
  writer.int32(-1).int32(maxWaitMs).int32(1).int32(maxBytes);
  writer
    .int8(isolation === 'read_committed' ? 1 : 0)
    .int32(0)
    .int32(-1);
  writer.array([...byTopicId(partitions)], ([topicId, ofTopic]) => {
    writer.raw(Buffer.from(topicId, 'hex'));
    writer.array(ofTopic, ({partition, leaderEpoch, offset, maxBytes: partitionBytes}) => {
      writer.int32(partition).int32(leaderEpoch).int64(offset).int32(-1).int64(-1);
      writer.int32(partitionBytes).tags();
    });
    writer.tags();
  });
  writer.array([], () => undefined);
  writer.string('').tags();
  return {api: api.fetch, body: writer.parts, waitMs: maxWaitMs, read: readFetch};
}

function readFetch(reader: Reader): FetchResponse {
  reader.int32();
  const error = reader.int16();
  reader.int32();
  const topics = reader.array(() => {
    const topicId = reader.uuid();
    const partitions = reader.array(() => readPartition(reader, topicId));
    reader.tags();
    return partitions;
  });
  return {error, partitions: topics.flat()};
}

function readPartition(reader: Reader, topicId: string): FetchedData {
  const partition = reader.int32();
  const error = reader.int16();
  const highWatermark = reader.int64();
  const lastStableOffset = reader.int64();
  // Start of the log.
  reader.int64();
  const aborted = reader.array(() => {
    const transaction = {producerId: reader.int64(), firstOffset: reader.int64()};
    reader.tags();
    return transaction;
  });
  reader.int32();
  const records = reader.nullableBytes() ?? nothing;
  reader.tags();
  return {
    topicId,
    partition,
    error,
    highWatermark,
    lastStableOffset,
    aborted,
    records,
  };
}

function byTopicId(partitions: readonly FetchPartition[]): Map<string, FetchPartition[]> {
  const topics = new Map<string, FetchPartition[]>();
  for (const partition of partitions) {
    const known = topics.get(partition.topicId);
    if (known === undefined) topics.set(partition.topicId, [partition]);
    else known.push(partition);
  }
  return topics;
}
