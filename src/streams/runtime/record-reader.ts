import {FatalError} from '../../common/errors.ts';
import type {ConsumedRecord, TopicPartition} from '../../kafka/client.ts';
import {deadLetterHeaders} from '../../kafka/dead-letter-headers.ts';
import type {LineageInput} from '../../serde/lineage/lineage-input.ts';
import {UnreadableRecordError} from '../../serde/serde.ts';
import type {StreamRecord} from '../processor.ts';
import type {Output} from './record-collector.ts';
import type {KeyValueDeserializers} from './topic-serdes.ts';

/** `none`: an unreadable record stops the service. `all`: it is skipped, counted, and kept in the dead letter topic. */
export type ErrorsTolerance = 'none' | 'all';

export interface RecordReaderOptions {
  readonly applicationId: string;
  readonly taskId: string;
  readonly topicPartition: TopicPartition;
  readonly deserializers: KeyValueDeserializers;
  readonly tolerance: ErrorsTolerance;
  /** Where unreadable records go, in the same transaction. */
  readonly deadLetters: Output | undefined;
  /** Undefined where no lineage is kept. */
  readonly lineage?: LineageInput | undefined;
}

/** Makes typed records of one source partition's bytes. */
export class RecordReader {
  /** Records skipped since it was last set to 0. */
  skipped = 0;
  readonly #options: RecordReaderOptions;

  constructor(options: RecordReaderOptions) {
    this.#options = options;
  }

  /** Whether what it skips goes to a dead letter topic. */
  get keepsSkipped(): boolean {
    return this.#options.deadLetters !== undefined;
  }

  /**
   * The typed record, with a lineage that says it was read at `now`; undefined when it is unreadable and that is tolerated.
   *
   * @throws FatalError RECORD_UNREADABLE when it is not.
   */
  read(record: ConsumedRecord, now: number): StreamRecord<unknown, unknown> | undefined {
    const {key: keys, value: values} = this.#options.deserializers;
    const {key, value, timestamp, headers} = record;
    let typedKey: unknown = null;
    try {
      if (key !== null) typedKey = keys.deserialize(key);
    } catch (error) {
      return this.#unreadable(record, 'key', error);
    }
    try {
      const typedValue = value === null ? null : values.deserialize(value);
      const {lineage} = this.#options;
      return {
        key: typedKey,
        value: typedValue,
        timestamp,
        headers: lineage === undefined ? headers : lineage.headersOf(record, now),
      };
    } catch (error) {
      return this.#unreadable(record, 'value', error);
    }
  }

  #unreadable(record: ConsumedRecord, side: 'key' | 'value', error: unknown): undefined {
    if (!(error instanceof UnreadableRecordError)) throw error;
    const {topicPartition, tolerance, deadLetters} = this.#options;
    const {topic, partition} = topicPartition;
    if (tolerance === 'none') {
      throw new FatalError(
        'RECORD_UNREADABLE',
        `The ${side} of record ${topic}-${partition}@${record.offset} cannot be read: ${error.message}. Fix what writes the topic, or set "errors.tolerance: all" to skip such records (and "errors.deadletterqueue.topic.name" to keep them).`,
        {cause: error},
      );
    }
    this.skipped++;
    const failure = deadLetterHeaders({
      connectorName: this.#options.applicationId,
      taskId: this.#options.taskId,
      topicPartition,
      offset: record.offset,
      stage: side === 'key' ? 'KEY_CONVERTER' : 'VALUE_CONVERTER',
      error,
    });
    deadLetters?.writeBytes({
      key: record.key,
      value: record.value,
      timestamp: record.timestamp,
      headers: [...record.headers, ...failure],
    });
    return undefined;
  }
}
