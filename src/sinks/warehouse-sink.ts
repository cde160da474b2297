import type {TableDefinition} from './table-definition.ts';

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
   * @throws FatalError SINK_OFFSET_MISMATCH when the watermark belongs to another topic of the same name.
   * @throws RetriableError SINK_UNREACHABLE
   */
  open(source: SinkSource): Promise<SinkPartition>;
  close(): Promise<void>;
}

/** One topic partition on its way into one table. */
export interface SinkSource {
  /** The sink's name in the configuration; watermarks are kept per sink. */
  readonly sink: string;
  readonly topic: string;
  /** Another id under the same name is another topic. */
  readonly topicId: string;
  readonly partition: number;
  readonly table: TableDefinition;
  /** `append` writes every row, `upsert` keeps the newest row of each record key. */
  readonly insertMode: InsertMode;
  /** Create the table when it is missing; otherwise that is SINK_TABLE_MISMATCH. */
  readonly autoCreate: boolean;
  /** What happens to columns that the table lacks: added as nullable, left out, or SINK_TABLE_MISMATCH. */
  readonly autoEvolve: AutoEvolve;
}

export type InsertMode = 'append' | 'upsert';

export type AutoEvolve = 'evolve' | 'ignore' | 'fail';

export interface SinkPartition {
  /** The next offset to read, by the warehouse's own watermark; undefined when nothing was ever written. */
  readonly nextOffset: number | undefined;
  /**
   * Writes the batch and the watermark `batch.nextOffset` in one transaction. Calls must not overlap.
   *
   * @throws RejectedRowError for the first row that the table cannot take; nothing was written, the partition goes on.
   * @throws TaskError SINK_FENCED when another writer has taken the partition over: open again.
   * @throws TaskError SINK_OFFSET_MISMATCH when `startOffset` is not the watermark: open again.
   * @throws RetriableError SINK_UNREACHABLE; the outcome may be unknown: open again and seek to its `nextOffset`.
   */
  write(batch: SinkBatch): Promise<void>;
  close(): Promise<void>;
}

export interface SinkBatch {
  /** In offset order; may be empty, then only the watermark moves. */
  readonly rows: readonly SinkRow[];
  /** Watermark before the batch: what `nextOffset` was (any, where that was undefined), or the last batch's. */
  readonly startOffset: number;
  /** Watermark after it: past control records, so it may exceed the last row's offset by more than 1. */
  readonly nextOffset: number;
}

/** One record. The value is JSON text without any header, so that a warehouse that reads JSON needs no parsing here. */
export interface SinkRow {
  readonly offset: number;
  /** The key's text where it is a primitive, its JSON where it is a STRUCT. Never null in upsert mode. */
  readonly key: string | null;
  /** UTF-8 JSON object. Null deletes the key's row, in upsert mode only. */
  readonly value: Buffer | null;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly timestamp: number;
}

/** A row that the table cannot take: not JSON, or a value that is not what its column is declared as. */
export class RejectedRowError extends Error {
  override readonly name = 'RejectedRowError';
  readonly offset: number;

  constructor(offset: number, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.offset = offset;
  }
}
