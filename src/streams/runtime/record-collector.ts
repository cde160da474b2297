import type {ProduceBatch, ProducerRecord} from '../../kafka/client.ts';
import {partitionFor} from '../../kafka/partitioner.ts';
import type {Serializer} from '../../serde/serde.ts';
import type {StreamRecord} from '../processor.ts';

/** What the open transaction is to write, gathered by topic and partition. */
export class RecordCollector {
  readonly #outputs = new Map<string, Output>();

  /** The output of a topic; its serializers are those of the first call. */
  output(
    topic: string,
    partitions: number,
    serializers: {readonly key: Serializer<unknown>; readonly value: Serializer<unknown>},
  ): Output {
    const known = this.#outputs.get(topic);
    if (known !== undefined) return known;
    const output = new Output(topic, partitions, serializers.key, serializers.value);
    this.#outputs.set(topic, output);
    return output;
  }

  /** Bytes of keys and values gathered so far. */
  get bytes(): number {
    let bytes = 0;
    for (const output of this.#outputs.values()) bytes += output.bytes;
    return bytes;
  }

  /** Removes and returns everything; one batch per topic partition. */
  take(): readonly ProduceBatch[] {
    return [...this.#outputs.values()].flatMap((output) => output.take());
  }
}

/** One topic that is written to. */
export class Output {
  readonly topic: string;
  bytes = 0;
  readonly #key: Serializer<unknown>;
  readonly #value: Serializer<unknown>;
  readonly #records: ProducerRecord[][];

  constructor(
    topic: string,
    partitions: number,
    key: Serializer<unknown>,
    value: Serializer<unknown>,
  ) {
    this.topic = topic;
    this.#key = key;
    this.#value = value;
    this.#records = Array.from({length: partitions}, () => []);
  }

  /** Writes the record to the partition that its key's bytes say. */
  write({key, value, timestamp, headers}: StreamRecord<unknown, unknown>): void {
    const keyBytes = key === null ? null : this.#key.serialize(key);
    const partition = partitionFor(keyBytes, this.#records.length);
    const valueBytes = value === null ? null : this.#value.serialize(value);
    this.writeTo(partition, {key: keyBytes, value: valueBytes, timestamp, headers});
  }

  /** Writes to the partition of the key's bytes. */
  writeBytes(record: ProducerRecord): void {
    this.writeTo(partitionFor(record.key, this.#records.length), record);
  }

  writeTo(partition: number, record: ProducerRecord): void {
    (this.#records[partition] as ProducerRecord[]).push(record);
    this.bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
  }

  take(): readonly ProduceBatch[] {
    const batches: ProduceBatch[] = [];
    for (const [partition, records] of this.#records.entries()) {
      if (records.length === 0) continue;
      batches.push({topic: this.topic, partition, records});
      this.#records[partition] = [];
    }
    this.bytes = 0;
    return batches;
  }
}
