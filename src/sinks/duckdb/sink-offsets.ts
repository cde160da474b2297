import type {DuckDBConnection, DuckDBPreparedStatement} from '@duckdb/node-api';
import {FatalError, TaskError} from '../../common/errors.ts';
import type {SinkBatch, SinkSource} from '../warehouse-sink.ts';
import {literal} from './column-sql.ts';

/** Where a partition stands and who may move it. */
export interface Watermark {
  readonly nextOffset: number | undefined;
  readonly epoch: number;
}

/** Creates the table of watermarks. `part` is the partition; `next_offset` is null until something was written. */
export async function createOffsets(connection: DuckDBConnection): Promise<void> {
  await connection.run(
    `CREATE TABLE IF NOT EXISTS _sink_offsets
     (sink VARCHAR, topic VARCHAR, topic_id VARCHAR, part INTEGER, next_offset BIGINT, epoch BIGINT)`,
  );
}

/**
 * Reads the watermark and raises its epoch, within the open transaction: from its commit on, earlier writers are fenced.
 *
 * @throws FatalError SINK_OFFSET_MISMATCH when it was written for another topic of the same name.
 */
export async function takeOver(
  connection: DuckDBConnection,
  source: SinkSource,
): Promise<Watermark> {
  const {sink, topic, topicId, partition} = source;
  const where = rowOf(source);
  const [row] = (
    await connection.runAndReadAll(
      `SELECT topic_id, next_offset, epoch FROM _sink_offsets WHERE ${where}`,
    )
  ).getRows();
  if (row === undefined) {
    await connection.run(
      `INSERT INTO _sink_offsets VALUES (${literal(sink)}, ${literal(topic)}, ${literal(topicId)}, ${partition}, NULL, 1)`,
    );
    return {nextOffset: undefined, epoch: 1};
  }
  const [id, nextOffset, epoch] = row;
  if (id !== topicId) {
    throw new FatalError(
      'SINK_OFFSET_MISMATCH',
      `sink ${sink}: topic ${topic} was deleted and created again since partition ${partition} was written up to offset ${String(nextOffset)}; to load the new topic too, DELETE FROM _sink_offsets WHERE ${where}`,
    );
  }
  const raised = Number(epoch) + 1;
  await connection.run(`UPDATE _sink_offsets SET epoch = ${raised} WHERE ${where}`);
  return {nextOffset: nextOffset === null ? undefined : Number(nextOffset), epoch: raised};
}

/** Moves one partition's watermark, as long as nobody else has taken it over. */
export class OffsetGuard {
  readonly #source: SinkSource;
  readonly #epoch: number;
  readonly #statement: DuckDBPreparedStatement;

  private constructor(source: SinkSource, epoch: number, statement: DuckDBPreparedStatement) {
    this.#source = source;
    this.#epoch = epoch;
    this.#statement = statement;
  }

  static async prepare(
    connection: DuckDBConnection,
    source: SinkSource,
    epoch: number,
  ): Promise<OffsetGuard> {
    const statement = await connection.prepare(
      `UPDATE _sink_offsets SET next_offset = $1
       WHERE ${rowOf(source)} AND epoch = ${epoch} AND coalesce(next_offset = $2, true)`,
    );
    return new OffsetGuard(source, epoch, statement);
  }

  /** Within the batch's transaction, which has to be rolled back when this throws. */
  async move(connection: DuckDBConnection, batch: SinkBatch): Promise<void> {
    this.#statement.bindBigInt(1, BigInt(batch.nextOffset));
    this.#statement.bindBigInt(2, BigInt(batch.startOffset));
    const {rowsChanged} = await this.#statement.run();
    if (rowsChanged !== 1) throw await this.#refused(connection, batch);
  }

  close(): void {
    this.#statement.destroySync();
  }

  async #refused(connection: DuckDBConnection, batch: SinkBatch): Promise<TaskError> {
    const {sink, topic, partition} = this.#source;
    const where = `sink ${sink}, ${topic}-${partition}`;
    const [row] = (
      await connection.runAndReadAll(
        `SELECT epoch, next_offset FROM _sink_offsets WHERE ${rowOf(this.#source)}`,
      )
    ).getRows();
    if (row === undefined || Number(row[0]) !== this.#epoch) {
      return new TaskError('SINK_FENCED', `${where}: another writer has taken the partition over`);
    }
    return new TaskError(
      'SINK_OFFSET_MISMATCH',
      `${where}: the batch starts at offset ${batch.startOffset}, the watermark is ${String(row[1])}; the partition is opened again`,
    );
  }
}

function rowOf({sink, topic, partition}: SinkSource): string {
  return `sink = ${literal(sink)} AND topic = ${literal(topic)} AND part = ${partition}`;
}
