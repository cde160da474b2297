import {BatchWriter} from './batch-writer.ts';
import type {BatchWriterOptions} from './batch-writer.ts';
import type {Batch} from './batcher.ts';
import {partsByTable} from './parts-by-table.ts';
import type {SinkEntry} from './record-converter.ts';
import type {TableDefinition} from './table-definition.ts';
import type {SinkPartition, WarehouseSink} from './warehouse-sink.ts';

/**
 * Writes batches to a partition of the warehouse, and opens it again when a row needs columns that its table lacks: what
 * comes before that row is written by then, and the row itself lands in the wider table.
 */
export class EvolvingWriter {
  readonly #sink: WarehouseSink;
  readonly #options: BatchWriterOptions;
  #partition: SinkPartition;
  #table: TableDefinition;

  private constructor(sink: WarehouseSink, options: BatchWriterOptions, partition: SinkPartition) {
    this.#sink = sink;
    this.#options = options;
    this.#partition = partition;
    this.#table = options.source.table;
  }

  static async open(sink: WarehouseSink, options: BatchWriterOptions): Promise<EvolvingWriter> {
    return new EvolvingWriter(sink, options, await sink.open(options.source));
  }

  /** The watermark when the partition was opened; undefined when nothing was ever written. */
  get nextOffset(): number | undefined {
    return this.#partition.nextOffset;
  }

  async write(batch: Batch<SinkEntry>): Promise<void> {
    for (const {table, batch: part} of partsByTable(batch, this.#table)) {
      if (table !== this.#table) await this.#reopen(table);
      await new BatchWriter(this.#partition, this.#options).write(part);
    }
  }

  close(): Promise<void> {
    return this.#partition.close();
  }

  async #reopen(table: TableDefinition): Promise<void> {
    await this.#partition.close();
    this.#partition = await this.#sink.open({...this.#options.source, table});
    this.#table = table;
  }
}
