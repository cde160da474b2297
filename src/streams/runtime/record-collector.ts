import type {EncodedProduceBatch, ProducerRecord} from '../../kafka/client.ts';
import {MemoryRecordsBuilder} from '../../kafka/memory-records/memory-records-builder.ts';
import {partitionFor} from '../../kafka/partitioner.ts';
import type {Serializer} from '../../serde/serde.ts';
import type {StreamRecord} from '../processor.ts';

/** What the open transaction is to write, encoded as it comes, by topic and partition. */
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

  /** Of the records gathered so far. */
  get bytes(): number {
    let bytes = 0;
    for (const output of this.#outputs.values()) bytes += output.bytes;
    return bytes;
  }

  /** Removes and returns everything; one batch per topic partition. */
  take(): readonly EncodedProduceBatch[] {
    return [...this.#outputs.values()].flatMap((output) => output.take());
  }
}

/** One topic that is written to. */
export class Output {
  readonly topic: string;
  bytes = 0;
  readonly #key: Serializer<unknown>;
  readonly #value: Serializer<unknown>;
  /** By partition. */
  readonly #builders: readonly MemoryRecordsBuilder[];

  constructor(
    topic: string,
    partitions: number,
    key: Serializer<unknown>,
    value: Serializer<unknown>,
  ) {
    this.topic = topic;
    this.#key = key;
    this.#value = value;
    this.#builders = Array.from({length: partitions}, () => new MemoryRecordsBuilder());
  }

  /** Writes the record to the partition that its key's bytes say. */
  write({key, value, timestamp, headers}: StreamRecord<unknown, unknown>): void {
    const keyBytes = key === null ? null : this.#key.serialize(key);
    const partition = partitionFor(keyBytes, this.#builders.length);
    const valueBytes = value === null ? null : this.#value.serialize(value);
    this.writeTo(partition, {key: keyBytes, value: valueBytes, timestamp, headers});
  }

  /** Writes to the partition of the key's bytes. */
  writeBytes(record: ProducerRecord): void {
    this.writeTo(partitionFor(record.key, this.#builders.length), record);
  }

  writeTo(partition: number, {key, value, timestamp, headers}: ProducerRecord): void {
    const builder = this.#builders[partition] as MemoryRecordsBuilder;
    if (value === null) {
      this.bytes += builder.tombstone(timestamp, key, headers);
    } else {
      builder.begin(timestamp, key).bytes(value);
      this.bytes += builder.end(headers);
    }
  }

  take(): readonly EncodedProduceBatch[] {
    const {topic} = this;
    this.bytes = 0;
    return this.#builders.flatMap((builder, partition) => {
      builder.mark();
      const records = builder.take();
      return records === undefined ? [] : {topic, partition, records};
    });
  }
}
