import type {ProducedBatch, TopicPartition} from '../../client.ts';
import {BrokerError} from '../connection/broker-error.ts';
import type {ProducePartition, ProducedPartition} from '../protocol/produce.ts';
import {errorCode} from '../protocol/error-code.ts';
import {partitionName} from '../protocol/topic-partitions.ts';

/** What one record batch of a partition needs to be sent, as often as it takes. */
export interface EncodedBatch {
  readonly bytes: Buffer;
  readonly count: number;
}

/**
 * The batches of one partition on their way, in order: one is under way at a time, and is repeated byte by byte, its
 * sequence number included, until the broker has it.
 */
export class PartitionSends {
  readonly batch: TopicPartition;
  readonly name: string;
  readonly #pending: readonly EncodedBatch[];
  #sent = 0;
  #baseOffset = -1;
  #nextOffset = -1;

  constructor(batch: TopicPartition, pending: readonly EncodedBatch[]) {
    this.batch = batch;
    this.name = partitionName(batch);
    this.#pending = pending;
  }

  get isDone(): boolean {
    return this.#sent === this.#pending.length;
  }

  next(): ProducePartition {
    const {topic, partition} = this.batch;
    return {topic, partition, batch: (this.#pending[this.#sent] as EncodedBatch).bytes};
  }

  result(): ProducedBatch {
    const {topic, partition} = this.batch;
    return {topic, partition, baseOffset: this.#baseOffset, nextOffset: this.#nextOffset};
  }

  /** Takes the broker's answer. @throws BrokerError when it was refused. */
  answered({error, baseOffset, message}: ProducedPartition): void {
    const isThere = error === errorCode.none || error === errorCode.duplicateSequenceNumber;
    if (!isThere) throw new BrokerError(error, `writing to ${this.name}`, message);
    const {count} = this.#pending[this.#sent++] as EncodedBatch;
    // A duplicate of long ago has no offset any more.
    if (baseOffset < 0) return;
    if (this.#baseOffset < 0) this.#baseOffset = baseOffset;
    this.#nextOffset = baseOffset + count;
  }
}
