import {FatalError, TaskError} from '../../common/errors.ts';
import type {SinkBatch, SinkSource} from '../warehouse-sink.ts';
import {literal} from './identifier.ts';
import type {SnowflakeConnection} from './snowflake-connection.ts';
import {isMissing} from './snowflake-error.ts';

/** Where a partition stands and who may move it. */
export interface Watermark {
  readonly nextOffset: number | undefined;
  readonly epoch: number;
}

export const offsetsTable = '"_SINK_OFFSETS"';

const ofPartition = 'SINK = ? AND TOPIC = ? AND PART = ?::NUMBER(38,0)';

/** Creates the table of watermarks where it is missing: who may not create tables can be given one. */
export async function createOffsets(connection: SnowflakeConnection): Promise<void> {
  try {
    await connection.execute(`DESCRIBE TABLE ${offsetsTable}`);
  } catch (error) {
    if (!isMissing(error)) throw error;
    await connection.execute(
      `CREATE TABLE IF NOT EXISTS ${offsetsTable} (SINK VARCHAR, TOPIC VARCHAR, TOPIC_ID VARCHAR, PART NUMBER(10,0), NEXT_OFFSET NUMBER(38,0), EPOCH NUMBER(38,0), UPDATED_AT TIMESTAMP_LTZ)`,
    );
  }
}

/**
 * Raises the epoch and reads the watermark, in one transaction: from its commit on, earlier writers are fenced.
 *
 * The raise comes first. It waits for a transaction that is moving the watermark, so that what is read is the last of it.
 *
 * @throws FatalError SINK_OFFSET_MISMATCH when it was written for another topic of the same name.
 */
export async function takeOver(
  connection: SnowflakeConnection,
  source: SinkSource,
  transaction: string,
): Promise<Watermark> {
  await connection.execute(`BEGIN TRANSACTION NAME ${transaction}`);
  try {
    await connection.execute(
      `MERGE INTO ${offsetsTable} T USING (SELECT ? AS SINK, ? AS TOPIC, ? AS TOPIC_ID, ?::NUMBER(38,0) AS PART) N ON T.SINK = N.SINK AND T.TOPIC = N.TOPIC AND T.PART = N.PART WHEN MATCHED THEN UPDATE SET EPOCH = T.EPOCH + 1, UPDATED_AT = CURRENT_TIMESTAMP() WHEN NOT MATCHED THEN INSERT (SINK, TOPIC, TOPIC_ID, PART, EPOCH, UPDATED_AT) VALUES (N.SINK, N.TOPIC, N.TOPIC_ID, N.PART, 1, CURRENT_TIMESTAMP())`,
      [source.sink, source.topic, source.topicId, String(source.partition)],
    );
    const watermark = await readWatermark(connection, source);
    await connection.execute('COMMIT');
    return watermark;
  } catch (error) {
    await connection.execute('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** @throws FatalError SINK_OFFSET_MISMATCH */
export async function readWatermark(
  connection: SnowflakeConnection,
  source: SinkSource,
): Promise<Watermark> {
  const {rows} = await connection.execute(
    `SELECT TOPIC_ID, NEXT_OFFSET, EPOCH FROM ${offsetsTable} WHERE ${ofPartition}`,
    keyOf(source),
  );
  const [row] = rows;
  const where = `${connection.where}: sink ${source.sink}, ${source.topic}-${source.partition}`;
  if (row === undefined || rows.length > 1)
    throw new FatalError(
      'SINK_OFFSET_MISMATCH',
      `${where} has ${rows.length} rows in ${offsetsTable}; leave the one with the highest NEXT_OFFSET`,
    );
  const {TOPIC_ID: topicId, NEXT_OFFSET: nextOffset = null, EPOCH: epoch} = row;
  if (topicId !== source.topicId)
    throw new FatalError(
      'SINK_OFFSET_MISMATCH',
      `${where}: the topic was deleted and created again since it was written up to offset ${nextOffset}; to load the new topic too, ${remedy(source)}`,
    );
  return {nextOffset: nextOffset === null ? undefined : Number(nextOffset), epoch: Number(epoch)};
}

/** Offsets begin again at 0, and an upsert keeps what has a higher one. */
function remedy({sink, topic, partition, insertMode, table}: SinkSource): string {
  const forget = `DELETE FROM ${offsetsTable} WHERE SINK = ${literal(sink)} AND TOPIC = ${literal(topic)} AND PART = ${partition}`;
  if (insertMode === 'append') return forget;
  return `UPDATE the table of ${table.name} SET _OFFSET = -1 and ${forget}`;
}

/**
 * Moves the watermark within the batch's transaction, which has to be rolled back when this throws.
 *
 * It also wants to be in the transaction that the rows are in: had that been aborted from outside, this alone would count.
 */
export async function moveWatermark(
  connection: SnowflakeConnection,
  source: SinkSource,
  epoch: number,
  batch: SinkBatch,
  transactionId: string,
): Promise<void> {
  const start = String(batch.startOffset);
  const {changed} = await connection.execute(
    `UPDATE ${offsetsTable} SET NEXT_OFFSET = ?::NUMBER(38,0), UPDATED_AT = CURRENT_TIMESTAMP() WHERE ${ofPartition} AND EPOCH = ?::NUMBER(38,0) AND COALESCE(NEXT_OFFSET, ?::NUMBER(38,0)) = ?::NUMBER(38,0) AND CURRENT_TRANSACTION()::VARCHAR = ?`,
    [String(batch.nextOffset), ...keyOf(source), String(epoch), start, start, transactionId],
  );
  if (changed !== 1) throw new WatermarkNotMoved();
}

/** The watermark is not where the batch starts, or is not ours to move. */
export class WatermarkNotMoved extends Error {
  override readonly name = 'WatermarkNotMoved';
}

/** Why the watermark was not moved, asked for outside of the transaction. */
export async function refusal(
  connection: SnowflakeConnection,
  source: SinkSource,
  epoch: number,
  batch: SinkBatch,
): Promise<TaskError> {
  const {sink, topic, partition} = source;
  const where = `${connection.where}: sink ${sink}, ${topic}-${partition}`;
  const found = await readWatermark(connection, source);
  if (found.epoch !== epoch)
    return new TaskError('SINK_FENCED', `${where}: another writer has taken the partition over`);
  return new TaskError(
    'SINK_OFFSET_MISMATCH',
    `${where}: the batch starts at offset ${batch.startOffset}, the watermark is ${found.nextOffset}; the partition is opened again`,
  );
}

function keyOf({sink, topic, partition}: SinkSource): readonly string[] {
  return [sink, topic, String(partition)];
}
