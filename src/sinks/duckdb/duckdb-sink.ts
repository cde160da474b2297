import type {WarehouseSink, SinkPartition, SinkSource} from '../warehouse-sink.ts';
import {DatabaseExport} from './database-export.ts';
import type {ExportDeps, ExportOptions} from './database-export.ts';
import {DuckDbClient, unreachable} from './duckdb-client.ts';
import type {DuckDbOptions} from './duckdb-client.ts';
import {DuckDbPartition} from './duckdb-partition.ts';
import {ensureTable} from './duckdb-table.ts';
import {keysOf} from './existing-keys.ts';
import type {KnownKeys} from './known-keys.ts';
import {createOffsets, takeOver} from './sink-offsets.ts';

/**
 * A DuckDB file as the warehouse. One sink per file: this process alone can open it. `query` reads it meanwhile, and others
 * read the copy that `exported` says where to keep.
 */
export class DuckDbSink implements WarehouseSink {
  readonly #options: DuckDbOptions;
  readonly #exported: (ExportOptions & ExportDeps) | undefined;
  #export: DatabaseExport | undefined;
  #client: Promise<DuckDbClient> | undefined;
  /** Resolves once what was open before is closed, and the file can be opened again. */
  #closed: Promise<void> = Promise.resolve();
  /** By table; every write to the file goes through this object, so that they are complete. */
  readonly #keys = new Map<string, KnownKeys>();

  constructor(options: DuckDbOptions, exported?: ExportOptions & ExportDeps) {
    this.#options = options;
    this.#exported = exported;
  }

  async open(source: SinkSource): Promise<SinkPartition> {
    const client = await this.#connected();
    try {
      const opened = await client.transaction(async (connection) => {
        await createOffsets(connection);
        const columns = await ensureTable(connection, source);
        const watermark = await takeOver(connection, source);
        const keys =
          source.insertMode === 'upsert' ? await this.#keysOf(connection, source) : undefined;
        return {columns, watermark, keys};
      });
      return await DuckDbPartition.prepare(client, source, opened);
    } catch (error) {
      throw unreachable(client.database, error);
    }
  }

  /** The rows of one SELECT over what is committed. Values are as JSON has them: int64 and decimals are text. */
  async query(sql: string): Promise<readonly Record<string, unknown>[]> {
    return (await this.#connected()).query(sql);
  }

  close(): Promise<void> {
    const [client, exported] = [this.#client, this.#export];
    this.#client = undefined;
    this.#export = undefined;
    this.#keys.clear();
    this.#closed = this.#closeAfter(this.#closed, client, exported);
    return this.#closed;
  }

  async #closeAfter(
    before: Promise<void>,
    client: Promise<DuckDbClient> | undefined,
    exported: DatabaseExport | undefined,
  ): Promise<void> {
    // Whoever called it was told when that has failed.
    await before.catch(() => undefined);
    await exported?.close();
    await (await client?.catch(() => undefined))?.close();
  }

  async #connected(): Promise<DuckDbClient> {
    const opened = await this.#client?.catch(() => undefined);
    if (opened?.broken === true) await this.close();
    this.#client ??= this.#open();
    try {
      return await this.#client;
    } catch (error) {
      this.#client = undefined;
      throw error;
    }
  }

  async #open(): Promise<DuckDbClient> {
    await this.#closed.catch(() => undefined);
    const client = await DuckDbClient.open(this.#options);
    if (this.#exported !== undefined) {
      this.#export = new DatabaseExport(client, this.#exported, this.#exported);
    }
    return client;
  }

  async #keysOf(...[connection, source]: Parameters<typeof keysOf>): Promise<KnownKeys> {
    const name = source.table.name.toLowerCase();
    const keys = this.#keys.get(name) ?? (await keysOf(connection, source));
    this.#keys.set(name, keys);
    return keys;
  }
}
