import type {
  ConsumedRecord,
  KafkaClient,
  ProduceBatch,
  ProducerRecord,
  TransactionalProducer,
} from '../kafka/client.ts';
import {deadLetterHeaders} from '../kafka/dead-letter-headers.ts';
import type {RecordFailure} from '../kafka/dead-letter-headers.ts';
import {partitionFor} from '../kafka/partitioner.ts';

/** Why records are dead letters: their bytes could not be read, or the warehouse did not take their row. */
export type DeadLetterKind = 'unreadable' | 'rejected';

export interface DeadLetter extends Pick<RecordFailure, 'stage' | 'error'> {
  readonly record: ConsumedRecord;
}

export interface DeadLetterQueueOptions {
  readonly kafka: KafkaClient;
  readonly topic: string;
  /** The sink's consumer group; ids of producers and of further groups begin with it. */
  readonly groupId: string;
  /** Where the records come from. */
  readonly from: Pick<RecordFailure, 'connectorName' | 'taskId' | 'topicPartition'>;
}

/**
 * Writes the records of one partition that became no row to the dead letter topic, each once.
 *
 * Letters and the offset behind them are one Kafka transaction, in a group for each kind. The warehouse's watermark
 * moves past a record only after it, so after a crash between the two the record is met again, and its letter is not
 * written again. That holds as long as letters of a kind are written in offset order, and Kafka keeps the group's offset.
 */
export class DeadLetterQueue {
  readonly #options: DeadLetterQueueOptions;
  readonly #producer: TransactionalProducer;
  /** Where each kind stands, once it is known. */
  #written: Map<DeadLetterKind, number> | undefined;
  #partitions = 1;

  constructor(options: DeadLetterQueueOptions) {
    const {topic, partition} = options.from.topicPartition;
    this.#options = options;
    this.#producer = options.kafka.transactionalProducer(
      `${options.groupId}-dlq-${topic}-${partition}`,
    );
  }

  /**
   * Resolves once the letters, in offset order, are committed, with how many of them were not there before. After a
   * failure another object has to be made.
   */
  async write(kind: DeadLetterKind, letters: readonly DeadLetter[]): Promise<number> {
    const written = await this.#open();
    const fresh = letters.filter(({record}) => record.offset >= (written.get(kind) ?? 0));
    const last = fresh.at(-1);
    if (last === undefined) return 0;
    const offset = last.record.offset + 1;
    const {topicPartition} = this.#options.from;
    this.#producer.begin();
    await this.#producer.send(this.#batches(fresh));
    await this.#producer.sendOffsets({groupId: this.#group(kind), generationId: -1, memberId: ''}, [
      {...topicPartition, offset},
    ]);
    await this.#producer.commit();
    written.set(kind, offset);
    return fresh.length;
  }

  /** Takes over from the writer before, whose last transaction is decided then, and reads what it has written. */
  async #open(): Promise<Map<DeadLetterKind, number>> {
    if (this.#written !== undefined) return this.#written;
    const {kafka, topic, from} = this.#options;
    await this.#producer.init();
    const [described] = await kafka.admin.describeTopics([topic]);
    this.#partitions = described?.partitions ?? 1;
    const written = new Map<DeadLetterKind, number>();
    for (const kind of ['unreadable', 'rejected'] as const) {
      const [offset] = await kafka.admin.committedOffsets(this.#group(kind), [from.topicPartition]);
      written.set(kind, offset ?? 0);
    }
    this.#written = written;
    return written;
  }

  #group(kind: DeadLetterKind): string {
    return `${this.#options.groupId}-dlq-${kind}`;
  }

  #batches(letters: readonly DeadLetter[]): readonly ProduceBatch[] {
    const {topic, from} = this.#options;
    const byPartition = new Map<number, ProducerRecord[]>();
    for (const {record, stage, error} of letters) {
      const {key, value, timestamp, headers, offset} = record;
      const failure = deadLetterHeaders({...from, offset, stage, error});
      const partition = partitionFor(key, this.#partitions);
      const records = byPartition.get(partition) ?? [];
      byPartition.set(partition, records);
      records.push({key, value, timestamp, headers: [...headers, ...failure]});
    }
    return [...byPartition].map(([partition, records]) => ({topic, partition, records}));
  }
}
