import {FatalError} from '../../common/errors.ts';
import type {TopicPartition} from '../client.ts';
import type {TopicRecord} from './journal-entry.ts';
import {PartitionLog} from './partition-log.ts';

/** The topics that exist and their partitions' logs. */
export class TopicTable {
  readonly #byName = new Map<string, readonly PartitionLog[]>();
  readonly #byNumber = new Map<number, readonly PartitionLog[]>();
  #nextNumber = 1;

  /** A number that no topic has had. */
  get nextNumber(): number {
    return this.#nextNumber;
  }

  add(topic: TopicRecord): readonly PartitionLog[] {
    const logs = Array.from({length: topic.partitions}, (_, i) => new PartitionLog(topic, i));
    this.#byName.set(topic.name, logs);
    this.#byNumber.set(topic.number, logs);
    this.reserve(topic.number + 1);
    return logs;
  }

  /** Gives out no number below `next`. */
  reserve(next: number): void {
    this.#nextNumber = Math.max(this.#nextNumber, next);
  }

  remove(number: number): void {
    const logs = this.#byNumber.get(number) ?? [];
    for (const log of logs) log.deleted = true;
    this.#byNumber.delete(number);
    const name = logs[0]?.topic.name;
    if (name !== undefined && this.#byName.get(name) === logs) this.#byName.delete(name);
    for (const log of logs) log.notify();
  }

  topic(name: string): TopicRecord | undefined {
    return this.#byName.get(name)?.[0]?.topic;
  }

  topics(): TopicRecord[] {
    return [...this.#byName.values()].map((logs) => (logs[0] as PartitionLog).topic);
  }

  *logs(): Generator<PartitionLog, void, void> {
    for (const logs of this.#byName.values()) yield* logs;
  }

  find({topic, partition}: TopicPartition): PartitionLog | undefined {
    return this.#byName.get(topic)?.[partition];
  }

  findByNumber(number: number, partition: number): PartitionLog | undefined {
    return this.#byNumber.get(number)?.[partition];
  }

  /** @throws FatalError KAFKA_TOPIC_MISSING */
  require(partition: TopicPartition): PartitionLog {
    const log = this.find(partition);
    if (log === undefined) throw topicMissing(partition.topic, partition.partition);
    return log;
  }
}

export function topicMissing(topic: string, partition?: number): FatalError {
  const what = partition === undefined ? topic : `${topic}-${partition}`;
  return new FatalError(
    'KAFKA_TOPIC_MISSING',
    `${what} does not exist in the embedded log: it was never created, or was deleted while in use. Start the stage that creates it, or reset those that used it`,
  );
}
