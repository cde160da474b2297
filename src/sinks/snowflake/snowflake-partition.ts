import {RetriableError, ServiceError} from '../../common/errors.ts';
import {firstRejected} from '../first-rejected.ts';
import type {TableColumn} from '../table-definition.ts';
import {RejectedRowError} from '../warehouse-sink.ts';
import type {SinkBatch, SinkPartition, SinkRow, SinkSource} from '../warehouse-sink.ts';
import {preservedCase, upperCase} from './identifier.ts';
import {boundRows, loadedRows, loadSql} from './load-sql.ts';
import {jsonArrays, rowJson} from './row-json.ts';
import {moveWatermark, readWatermark, refusal, WatermarkNotMoved} from './sink-offsets.ts';
import type {Watermark} from './sink-offsets.ts';
import type {SnowflakeConnection} from './snowflake-connection.ts';
import {isRejection, isSessionLost, reasonOf, statementError} from './snowflake-error.ts';
import type {SnowflakeOptions} from './snowflake-options.ts';
import {Stage} from './stage.ts';
import type {StagedFile} from './stage.ts';
import {abortDetached, currentTransaction} from './transactions.ts';

/** A bind, and the VARIANT made of it, have 16 MiB at most. */
const BIND_BYTES = 8 << 20;

interface EncodedRow {
  readonly row: SinkRow;
  readonly json: string;
}

interface Opened {
  readonly columns: readonly TableColumn[];
  readonly watermark: Watermark;
  /** What its transactions are called. */
  readonly transaction: string;
}

interface SnowflakePartitionOwner {
  /** Opens another session in place of one that is lost. */
  readonly connect: () => Promise<SnowflakeConnection>;
  readonly onClosed: (partition: SnowflakePartition) => void;
}

/** Writes one topic partition's batches in a session of its own: the rows and the watermark of each in one transaction. */
export class SnowflakePartition implements SinkPartition {
  readonly nextOffset: number | undefined;
  readonly #source: SinkSource;
  readonly #options: SnowflakeOptions;
  readonly #opened: Opened;
  readonly #connect: () => Promise<SnowflakeConnection>;
  readonly #onClosed: (partition: SnowflakePartition) => void;
  readonly #hasStructKey: boolean;
  #connection: SnowflakeConnection;
  #stage: Stage;

  constructor(
    connection: SnowflakeConnection,
    source: SinkSource,
    options: SnowflakeOptions,
    opened: Opened,
    {connect, onClosed}: SnowflakePartitionOwner,
  ) {
    this.nextOffset = opened.watermark.nextOffset;
    this.#connection = connection;
    this.#source = source;
    this.#options = options;
    this.#opened = opened;
    this.#connect = connect;
    this.#onClosed = onClosed;
    this.#hasStructKey = opened.columns.some(({from}) => from === 'key-field');
    this.#stage = this.#newStage();
  }

  async write(batch: SinkBatch): Promise<void> {
    const {rows, bad} = this.#encode(batch.rows);
    try {
      if (bad === undefined) await this.#commit(batch, rows);
    } catch (error) {
      throw await this.#failure(error, batch, rows);
    }
    if (bad !== undefined) throw (await this.#firstRejected(rows)) ?? bad;
  }

  async close(): Promise<void> {
    this.#onClosed(this);
    await this.#connection.close();
  }

  /** The rows to send: in upsert mode the newest of each key. `bad` stands behind them. */
  #encode(rows: readonly SinkRow[]): {
    rows: readonly EncodedRow[];
    bad: RejectedRowError | undefined;
  } {
    const {insertMode} = this.#source;
    const encoded: EncodedRow[] = [];
    const wanted =
      insertMode === 'append' ? rows.filter(({value}) => value !== null) : newestPerKey(rows);
    try {
      for (const row of wanted) encoded.push({row, json: rowJson(row, this.#hasStructKey)});
      return {rows: encoded, bad: undefined};
    } catch (error) {
      if (error instanceof RejectedRowError) return {rows: encoded, bad: error};
      throw error;
    }
  }

  async #commit(batch: SinkBatch, rows: readonly EncodedRow[]): Promise<void> {
    const staged = await this.#upload(batch, rows);
    const transactionId = await this.#begin();
    await this.#load(rows, staged, transactionId);
    const {watermark} = this.#opened;
    await moveWatermark(this.#connection, this.#source, watermark.epoch, batch, transactionId);
    try {
      await this.#connection.execute('COMMIT');
    } catch (error) {
      await this.#resolveCommit(batch, error);
    }
    if (staged !== undefined) await this.#stage.remove(staged);
  }

  /** Large batches go ahead to the stage. */
  async #upload(
    {startOffset, nextOffset}: SinkBatch,
    rows: readonly EncodedRow[],
  ): Promise<StagedFile | undefined> {
    let bytes = 0;
    for (const {json} of rows) bytes += json.length;
    if (rows.length === 0 || bytes < this.#options.stageThresholdBytes) return undefined;
    const name = `${this.#opened.watermark.epoch}-${startOffset}-${nextOffset}`;
    const lines = rows.map(({json}) => json.replaceAll(/[\r\n]/g, ' '));
    try {
      return await this.#stage.upload(name, lines);
    } catch (error) {
      if (!isSessionLost(error)) throw error;
      await this.#reconnect();
      return this.#stage.upload(name, lines);
    }
  }

  /** A session that was lost while nothing was going on is replaced without a word. */
  async #begin(): Promise<string> {
    const begin = `BEGIN TRANSACTION NAME ${this.#opened.transaction}`;
    try {
      await this.#connection.execute(begin);
    } catch (error) {
      if (!isSessionLost(error)) throw error;
      await this.#reconnect();
      await this.#connection.execute(begin);
    }
    return currentTransaction(this.#connection);
  }

  /** Writes the rows, in that transaction and in no other. */
  async #load(
    rows: readonly EncodedRow[],
    staged: StagedFile | undefined,
    transactionId: string,
  ): Promise<void> {
    const {columns} = this.#opened;
    const identifier = this.#options.preserveCase ? preservedCase : upperCase;
    if (staged !== undefined) {
      await this.#stage.copy(staged);
      const {changed} = await this.#connection.execute(
        loadSql(this.#source, columns, identifier, loadedRows),
        [transactionId],
      );
      this.#checkCount(changed, rows.length);
      return;
    }
    const sql = loadSql(this.#source, columns, identifier, boundRows);
    for (const part of jsonArrays(rows, BIND_BYTES)) {
      const {changed} = await this.#connection.execute(sql, [part.text, transactionId]);
      this.#checkCount(changed, part.rows.length);
    }
  }

  /** Values are not parsed here: text that closes a value and opens another would make two rows of one. */
  #checkCount(changed: number, rows: number): void {
    if (this.#source.insertMode === 'append' && changed !== rows)
      throw new RowCountError(changed, rows);
  }

  /** Asks in another session whether the commit came about: whatever the answer to it was, only the watermark knows. */
  async #resolveCommit(batch: SinkBatch, error: unknown): Promise<void> {
    await this.#reconnect();
    await abortDetached(this.#connection, this.#opened.transaction);
    const {epoch, nextOffset} = await readWatermark(this.#connection, this.#source);
    if (epoch === this.#opened.watermark.epoch && nextOffset === batch.nextOffset) return;
    throw new RetriableError(
      'SINK_UNREACHABLE',
      `${this.#connection.where}: the commit did not come about: ${reasonOf(error)}; the batch is written again`,
      {cause: error},
    );
  }

  async #reconnect(): Promise<void> {
    await this.#connection.close();
    this.#connection = await this.#connect();
    this.#stage = this.#newStage();
  }

  /** Ends the transaction and says what became of the batch. */
  async #failure(error: unknown, batch: SinkBatch, rows: readonly EncodedRow[]): Promise<unknown> {
    await this.#rollback();
    if (error instanceof ServiceError) return error;
    try {
      if (error instanceof WatermarkNotMoved)
        return await refusal(this.#connection, this.#source, this.#opened.watermark.epoch, batch);
      if (isRejection(error) || error instanceof RowCountError) {
        const rejected = await this.#firstRejected(rows);
        if (rejected !== undefined) return rejected;
      }
    } catch (later) {
      return statementError(this.#connection.where, later);
    }
    return statementError(this.#connection.where, error);
  }

  /** A session in which even that fails is closed, which rolls back as well. */
  async #rollback(): Promise<void> {
    if (this.#connection.broken) return;
    await this.#connection.execute('ROLLBACK').catch(() => this.#connection.close());
  }

  /** The first row that the table cannot take, found without writing any. */
  async #firstRejected(rows: readonly EncodedRow[]): Promise<RejectedRowError | undefined> {
    const found = await firstRejected(rows, (some) => this.#isTaken(some));
    if (found === undefined) return undefined;
    const {row, error} = found;
    const reason =
      error instanceof RowCountError ? 'its value is not a JSON object' : reasonOf(error);
    return new RejectedRowError(row.row.offset, reason, {cause: error});
  }

  /** What the table says against the rows; it is undefined when it takes them. They are not kept. */
  async #isTaken(rows: readonly EncodedRow[]): Promise<unknown> {
    try {
      await this.#load(rows, undefined, await this.#begin());
      return undefined;
    } catch (error) {
      if (isRejection(error) || error instanceof RowCountError) return error;
      throw statementError(this.#connection.where, error);
    } finally {
      await this.#rollback();
    }
  }

  #newStage(): Stage {
    return new Stage(this.#connection, this.#options.stage, this.#opened.transaction.toLowerCase());
  }
}

class RowCountError extends Error {
  override readonly name = 'RowCountError';

  constructor(changed: number, rows: number) {
    super(`${changed} rows were made of ${rows}`);
  }
}

/** The last row of each key, in the order of offsets. */
function newestPerKey(rows: readonly SinkRow[]): readonly SinkRow[] {
  const newest = new Map<string, SinkRow>();
  for (const row of rows) {
    if (row.key === null)
      throw new RejectedRowError(row.offset, 'it has no key, and an upsert needs one');
    newest.set(row.key, row);
  }
  return rows.filter((row) => newest.get(row.key as string) === row);
}
