import {messageOf} from '../common/errors.ts';
import type {ConsumedRecord} from '../kafka/client.ts';
import type {Deserializer, Serdes} from '../serde/serde.ts';
import {UnreadableRecordError} from '../serde/serde.ts';
import type {BatchEntry} from './batcher.ts';
import {keyText} from './key-text.ts';
import type {SinkTopic, TableDefinition} from './table-definition.ts';
import type {SinkRow, SinkSource} from './warehouse-sink.ts';

/** A record that has been read: the row that it makes, a delete that is not carried out or an event about no row, or one that makes no row. */
export type SinkEntry = RowEntry | TombstoneEntry | UnreadableEntry;

export interface RowEntry extends SinkRow, BatchEntry {
  readonly kind: 'row';
  /** For its dead letter; undefined where none is kept, for rows wait for their batch, and what they hold waits with them. */
  readonly record: ConsumedRecord | undefined;
  /** The table that it needs; undefined: any of its topic. */
  readonly table?: TableDefinition | undefined;
}

export interface TombstoneEntry extends BatchEntry {
  readonly kind: 'tombstone';
}

export interface UnreadableEntry extends BatchEntry {
  readonly kind: 'unreadable';
  readonly record: ConsumedRecord;
  readonly side: 'key' | 'value';
  readonly error: UnreadableRecordError;
}

export interface ConverterOptions {
  readonly topic: SinkTopic;
  readonly insertMode: SinkSource['insertMode'];
  /** Whether a tombstone deletes its row; in append mode none does. */
  readonly deletes: boolean;
  /** Whether rows have the record that they come from. */
  readonly keepsRecords: boolean;
}

/** Bytes before the JSON of a JSON_SR value. Its schema id is not looked up: the JSON says all that a row needs. */
const headerLength = 5;

/** Makes rows of one topic's records; the value stays bytes. */
export class RecordConverter {
  readonly #options: ConverterOptions;
  readonly #serdes: Serdes;
  readonly #keys: Deserializer<unknown>;
  readonly #keyText: (key: unknown) => string;
  readonly #headerLength: number;
  readonly #deletes: boolean;

  constructor(options: ConverterOptions, serdes: Serdes) {
    const {topic, insertMode, deletes} = options;
    this.#options = options;
    this.#serdes = serdes;
    this.#keys = serdes.deserializer(topic.key);
    this.#keyText = keyText(topic.key.schema);
    this.#headerLength = topic.value.name === 'JSON_SR' ? headerLength : 0;
    this.#deletes = deletes && insertMode === 'upsert';
  }

  async convert(records: readonly ConsumedRecord[]): Promise<readonly SinkEntry[]> {
    await this.#serdes.resolve(
      this.#options.topic.key,
      records.map(({key}) => key),
    );
    return records.map((record) => this.#entry(record));
  }

  #entry(record: ConsumedRecord): SinkEntry {
    const {offset, timestamp} = record;
    const bytes = (record.key?.length ?? 0) + (record.value?.length ?? 0);
    if (record.value === null && !this.#deletes) return {kind: 'tombstone', offset, bytes};
    let side: UnreadableEntry['side'] = 'key';
    try {
      const key = this.#key(record.key);
      side = 'value';
      const value = record.value === null ? null : this.#value(record.value);
      const kept = this.#options.keepsRecords ? record : undefined;
      return {kind: 'row', offset, bytes, key, value, timestamp, record: kept};
    } catch (error) {
      if (!(error instanceof UnreadableRecordError)) throw error;
      return {kind: 'unreadable', offset, bytes, record, side, error};
    }
  }

  #key(bytes: Buffer | null): string | null {
    const key = bytes === null ? null : this.#keys.deserialize(bytes);
    if (key === null) {
      if (this.#options.insertMode === 'append') return null;
      throw new UnreadableRecordError('it is null, and "insert.mode: upsert" needs one');
    }
    try {
      return this.#keyText(key);
    } catch (error) {
      throw new UnreadableRecordError(`it does not fit its schema: ${messageOf(error)}`);
    }
  }

  #value(bytes: Buffer): Buffer {
    const length = this.#headerLength;
    if (length > 0 && (bytes.length <= length || bytes[0] !== 0)) {
      throw new UnreadableRecordError('it does not begin with the header of JSON_SR');
    }
    return length === 0 ? bytes : bytes.subarray(length);
  }
}
