import type {ConsumedRecord, FetchedPartition, TopicPartition} from '../../kafka/client.ts';
import type {SourceNode} from '../topology/node.ts';
import type {Input} from './input-order.ts';

interface Chunk {
  readonly records: readonly ConsumedRecord[];
  readonly arrivedAt: number;
}

/** The fetched records of one source partition that wait to be processed, in offset order. */
export class RecordQueue implements Input {
  readonly source: SourceNode;
  readonly topicPartition: TopicPartition;
  readonly feeds: SourceNode['feeds'];
  readonly repartitioned: boolean;
  head: ConsumedRecord | undefined;
  headArrivedAt = -1;
  position: number;
  highWatermark: number | undefined;
  sentAt = -1;
  /** Left out of polls because it holds enough. */
  isPaused = false;
  #chunks: Chunk[] = [];
  /** Index of the head in the first chunk. */
  #at = 0;
  #size = 0;

  /** `offset` is the first one that will be fetched. */
  constructor(source: SourceNode, topicPartition: TopicPartition, offset: number) {
    this.source = source;
    this.topicPartition = topicPartition;
    this.feeds = source.feeds;
    this.repartitioned = source.repartitioned;
    this.position = offset;
  }

  get size(): number {
    return this.#size;
  }

  /** The offset to commit: of the first record that is not processed, past control records where all are. */
  get nextOffset(): number {
    return this.head?.offset ?? this.position;
  }

  push({records, position, highWatermark, sentAt, arrivedAt}: FetchedPartition): void {
    this.position = position;
    this.highWatermark = highWatermark;
    this.sentAt = sentAt;
    if (records.length === 0) return;
    this.#chunks.push({records, arrivedAt});
    this.#size += records.length;
    if (this.head === undefined) this.#setHead();
  }

  /** Removes the head, which must be there. */
  shift(): ConsumedRecord {
    const head = this.head as ConsumedRecord;
    this.#at++;
    this.#size--;
    const records = (this.#chunks[0] as Chunk).records;
    if (this.#at < records.length) {
      this.head = records[this.#at];
    } else {
      this.#chunks.shift();
      this.#at = 0;
      this.#setHead();
    }
    return head;
  }

  #setHead(): void {
    const chunk = this.#chunks[0];
    this.head = chunk?.records[0];
    this.headArrivedAt = chunk?.arrivedAt ?? -1;
  }
}
