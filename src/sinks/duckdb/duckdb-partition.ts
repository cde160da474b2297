import type {DuckDBConnection, DuckDBPreparedStatement} from '@duckdb/node-api';
import {ServiceError} from '../../common/errors.ts';
import {firstRejected} from '../first-rejected.ts';
import type {TableColumn} from '../table-definition.ts';
import {RejectedRowError} from '../warehouse-sink.ts';
import type {SinkBatch, SinkPartition, SinkRow, SinkSource} from '../warehouse-sink.ts';
import {identifier} from './column-sql.ts';
import type {DuckDbClient} from './duckdb-client.ts';
import {unreachable} from './duckdb-client.ts';
import {insertSql, lineShape} from './insert-sql.ts';
import {keyHash} from './known-keys.ts';
import type {KnownKeys} from './known-keys.ts';
import {NdjsonFile} from './ndjson-file.ts';
import {isRejection, rejectionReason} from './rejected-row.ts';
import {deleteRows, HashCollisionError} from './row-deletion.ts';
import type {KeyedRow} from './row-deletion.ts';
import {OffsetGuard} from './sink-offsets.ts';
import type {Watermark} from './sink-offsets.ts';

interface Opened {
  readonly columns: readonly TableColumn[];
  readonly watermark: Watermark;
  /** Undefined in append mode. */
  readonly keys: KnownKeys | undefined;
}

/** Lines up to this long go through the prepared statement; longer ones need larger buffers. */
const preparedLineBytes = 1 << 20;

/** Writes one topic partition's batches: the watermark, the deletes and the rows of each in one transaction. */
export class DuckDbPartition implements SinkPartition {
  readonly nextOffset: number | undefined;
  readonly #client: DuckDbClient;
  readonly #source: SinkSource;
  readonly #columns: readonly TableColumn[];
  readonly #keys: KnownKeys | undefined;
  readonly #guard: OffsetGuard;
  readonly #file: NdjsonFile;
  readonly #insert: DuckDBPreparedStatement;

  private constructor(
    client: DuckDbClient,
    source: SinkSource,
    {columns, watermark, keys}: Opened,
    prepared: {guard: OffsetGuard; file: NdjsonFile; insert: DuckDBPreparedStatement},
  ) {
    this.nextOffset = watermark.nextOffset;
    this.#client = client;
    this.#source = source;
    this.#columns = columns;
    this.#keys = keys;
    this.#guard = prepared.guard;
    this.#file = prepared.file;
    this.#insert = prepared.insert;
  }

  static prepare(
    client: DuckDbClient,
    source: SinkSource,
    opened: Opened,
  ): Promise<DuckDbPartition> {
    return client.exclusive(async (connection) => {
      // All partitions use this file, each in its turn.
      const path = `${client.staging}rows.ndjson`;
      const file = new NdjsonFile(path, lineShape(source, opened.columns));
      const guard = await OffsetGuard.prepare(connection, source, opened.watermark.epoch);
      const insert = await connection.prepare(
        insertSql(source, opened.columns, file.path, preparedLineBytes),
      );
      return new DuckDbPartition(client, source, opened, {guard, file, insert});
    });
  }

  async write(batch: SinkBatch): Promise<void> {
    try {
      await this.#write(batch, false).catch((error: unknown) => {
        if (error instanceof HashCollisionError) return this.#write(batch, true);
        throw error;
      });
    } catch (error) {
      const {broken, database} = this.#client;
      if (error instanceof ServiceError) throw error;
      if (broken || !isRejection(error)) throw unreachable(database, error);
      throw (await this.#rejected(batch)) ?? unreachable(database, error);
    }
  }

  close(): Promise<void> {
    return this.#client.exclusive(() => {
      this.#guard.close();
      this.#insert.destroySync();
      return Promise.resolve();
    });
  }

  #write(batch: SinkBatch, deleteByKey: boolean): Promise<void> {
    return this.#client.transaction(async (connection) => {
      await this.#guard.move(connection, batch);
      if (this.#keys === undefined) await this.#append(connection, batch.rows);
      else await this.#upsert(connection, batch.rows, this.#keys, deleteByKey);
    });
  }

  async #append(connection: DuckDBConnection, rows: readonly SinkRow[]): Promise<void> {
    this.#file.clear();
    let count = 0;
    for (const row of rows) {
      if (row.value === null) continue;
      this.#file.add(row, row.value, 0);
      count++;
    }
    await this.#load(connection, count);
  }

  async #upsert(
    connection: DuckDBConnection,
    rows: readonly SinkRow[],
    known: KnownKeys,
    deleteByKey: boolean,
  ): Promise<void> {
    const newest = newestPerKey(rows);
    const old: KeyedRow[] = [];
    const written: number[] = [];
    this.#file.clear();
    for (const row of newest.values()) {
      const hash = keyHash(row.key as string);
      if (known.mayHave(hash)) old.push({hash, key: row.key as string});
      if (row.value === null) continue;
      this.#file.add(row, row.value, hash);
      written.push(hash);
    }
    if (old.length > 0) {
      const {staging} = this.#client;
      const table = identifier(this.#source.table.name);
      await deleteRows(connection, table, old, {staging, byKey: deleteByKey});
    }
    for (const hash of written) known.add(hash);
    await this.#load(connection, written.length);
  }

  /** Inserts the file's lines. */
  async #load(connection: DuckDBConnection, rows: number): Promise<void> {
    if (rows === 0) return;
    const {longest} = this.#file;
    this.#file.save();
    const {rowsChanged} =
      longest < preparedLineBytes
        ? await this.#insert.run()
        : await connection.run(
            insertSql(this.#source, this.#columns, this.#file.path, longest * 2),
          );
    if (rowsChanged !== rows) throw new Error(`${rowsChanged} of ${rows} rows were inserted`);
  }

  /** The row that made the batch fail; undefined when each of them can be written. */
  async #rejected({rows}: SinkBatch): Promise<RejectedRowError | undefined> {
    const newest = this.#keys === undefined ? undefined : new Set(newestPerKey(rows).values());
    const candidates = rows.filter((row) => row.value !== null && newest?.has(row) !== false);
    const found = await firstRejected(candidates, (some) => this.#objection(some));
    if (found === undefined) return undefined;
    const {row, error} = found;
    if (!isRejection(error)) throw unreachable(this.#client.database, error);
    return new RejectedRowError(row.offset, rejectionReason(error), {cause: error});
  }

  /** Inserts the rows and takes them back: the error of the first that the table does not take. */
  #objection(rows: readonly SinkRow[]): Promise<unknown> {
    const done = new Error('rolled back on purpose');
    return this.#client
      .transaction(async (connection) => {
        await this.#append(connection, rows);
        throw done;
      })
      .catch((error: unknown) => (error === done ? undefined : error));
  }
}

/** The last row of each key, in the order of the keys' first appearance. */
function newestPerKey(rows: readonly SinkRow[]): Map<string, SinkRow> {
  const newest = new Map<string, SinkRow>();
  for (const row of rows) {
    if (row.key === null)
      throw new RejectedRowError(row.offset, 'it has no key, and an upsert needs one');
    newest.set(row.key, row);
  }
  return newest;
}
