import {Turns} from '../../common/turns.ts';
import type {SinkPartition, SinkSource, WarehouseSink} from '../warehouse-sink.ts';
import {DatabricksClient} from './databricks-client.ts';
import type {DatabricksDeps, DatabricksOptions} from './databricks-client.ts';
import {DatabricksPartition} from './databricks-partition.ts';
import {ensureTable} from './databricks-table.ts';
import {SinkOffsets} from './sink-offsets.ts';
import {serviceError} from './statement-error.ts';

/** Delta tables of Databricks, written through a SQL warehouse and a Unity Catalog volume. */
export class DatabricksSink implements WarehouseSink {
  readonly #options: DatabricksOptions;
  readonly #deps: DatabricksDeps;
  #client: Promise<DatabricksClient> | undefined;
  /** The end of the line of MERGEs into each table. */
  readonly #merges = new Map<string, Turns>();

  constructor(options: DatabricksOptions, deps: DatabricksDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  async open(source: SinkSource): Promise<SinkPartition> {
    try {
      const client = await this.#connected();
      const offsets = new SinkOffsets(client, source);
      // Both refuse before anybody is fenced.
      await offsets.check();
      const columns = await ensureTable(client, source);
      const watermark = await offsets.takeOver();
      return await DatabricksPartition.recover(
        {client, source, columns, offsets, merges: this.#mergesInto(source.table.name)},
        watermark,
      );
    } catch (error) {
      throw serviceError(`sink ${source.sink}, table ${source.table.name}`, error);
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await (await client?.catch(() => undefined))?.close();
  }

  async #connected(): Promise<DatabricksClient> {
    const before = this.#client;
    const opened = await before?.catch(() => undefined);
    if (opened?.broken !== false && this.#client === before) {
      this.#client = this.#reconnect(opened);
    }
    return this.#client ?? this.#connected();
  }

  #reconnect(broken: DatabricksClient | undefined): Promise<DatabricksClient> {
    void broken?.close();
    return DatabricksClient.open(this.#options, this.#deps);
  }

  #mergesInto(table: string): Turns {
    const merges = this.#merges.get(table) ?? new Turns();
    this.#merges.set(table, merges);
    return merges;
  }
}
