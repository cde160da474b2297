import type {Schema} from '../serde/schema.ts';

/**
 * The port to a warehouse: rows and the offset after them, committed together.
 *
 * Every implementation passes `test/suites/warehouse-sink-suite.ts`.
 */
export interface WarehouseSink {
  /**
   * Makes the table ready and takes over the partition: a writer that opened it before can commit no more.
   *
   * @throws FatalError SINK_TABLE_MISMATCH when the table cannot take the rows.
   */
  open(source: SinkSource): Promise<SinkPartition>;
  close(): Promise<void>;
}

/** One topic partition on its way into one table. */
export interface SinkSource {
  /** The sink's name in the configuration; watermarks are kept per sink. */
  readonly sink: string;
  readonly topic: string;
  /** Another id under the same name is another topic: SINK_OFFSET_MISMATCH. */
  readonly topicId: string;
  readonly partition: number;
  /** What the values hold: a STRUCT. */
  readonly value: Schema;
  /** What the keys hold: a primitive or a STRUCT. */
  readonly key: Schema;
  /** Columns of the key's value that identify a row, for upsert; `['order_id']`. */
  readonly keyColumns: readonly string[];
}

export interface SinkPartition {
  /** The next offset to read, by the warehouse's own watermark; undefined when nothing was ever written. */
  readonly nextOffset: number | undefined;
  /**
   * Writes the batch and the watermark `batch.nextOffset` in one transaction.
   *
   * @throws TaskError SINK_FENCED when another writer has taken the partition over: open again.
   * @throws RetriableError SINK_UNREACHABLE; the outcome may be unknown: open again and seek to its `nextOffset`.
   */
  write(batch: SinkBatch): Promise<void>;
  close(): Promise<void>;
}

export interface SinkBatch {
  readonly rows: readonly SinkRow[];
  /** Watermark before the batch: what `nextOffset` was, or the last batch's. */
  readonly startOffset: number;
  /** Watermark after it: past control records, so it may exceed the last row's offset by more than 1. */
  readonly nextOffset: number;
}

/** One record. The value is JSON text without any header, so that a warehouse that reads JSON needs no parsing here. */
export interface SinkRow {
  readonly offset: number;
  /** The key column's text where the key is a primitive, its JSON where it is a STRUCT. */
  readonly key: string | null;
  /** UTF-8 JSON object; null is a tombstone. */
  readonly value: Buffer | null;
  readonly timestamp: number;
}
