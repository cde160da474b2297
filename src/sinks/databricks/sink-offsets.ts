import {FatalError, RetriableError, TaskError} from '../../common/errors.ts';
import type {SinkSource} from '../warehouse-sink.ts';
import {literal} from './column-sql.ts';
import type {DatabricksClient, Row} from './databricks-client.ts';
import {offsetsRow, qualified} from './statements.ts';
import type {WrittenColumn} from './statements.ts';
import {StatementError} from './statement-error.ts';

/** Where a partition stands and who may move it. */
export interface Watermark {
  readonly nextOffset: number | undefined;
  readonly epoch: number;
  /** What was to be loaded last, whether or not it was. */
  readonly pending: PendingLoad | undefined;
}

/** A file in the volume that is loaded, being loaded, or still to be loaded: its rows reach up to `nextOffset`. */
export interface PendingLoad {
  readonly file: string;
  readonly nextOffset: number;
  /** Insert mode and table. */
  readonly target: string;
  /** As the writer knew them that announced it: the next one may not know yet what is new in the file. */
  readonly columns: readonly WrittenColumn[];
}

/** Of two writers that take over at the same moment one has to look again. */
const TAKE_OVERS = 10;

/** The partition's row in `_sink_offsets`. Each change of it is one statement that only the newest writer can make. */
export class SinkOffsets {
  readonly #client: DatabricksClient;
  readonly #source: SinkSource;
  readonly #table: string;
  readonly #row: string;
  #epoch = 0;

  constructor(client: DatabricksClient, source: SinkSource) {
    this.#client = client;
    this.#source = source;
    this.#table = qualified(client.options, '_sink_offsets');
    this.#row = offsetsRow(source);
  }

  /** This writer's number: the newest one has the highest. 0 before {@link takeOver}. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Condition that holds while this writer is the newest and `file` is what it loads. */
  guard(file: string): string {
    return `EXISTS (SELECT 1 FROM ${this.#table} WHERE ${this.#row} AND epoch = ${this.#epoch} AND pending_file = ${literal(file)})`;
  }

  /** How an operator decides by hand about what is pending. */
  get remedy(): string {
    return `UPDATE ${this.#table} SET pending_file = NULL WHERE ${this.#row}, with next_offset = pending_offset if they are there`;
  }

  /** @throws FatalError SINK_OFFSET_MISMATCH when the watermark was written for another topic of the same name. */
  async check(): Promise<void> {
    await this.#read();
  }

  /**
   * Raises the epoch: earlier writers can begin nothing any more. What the last one began is `pending`.
   *
   * @throws FatalError SINK_OFFSET_MISMATCH
   */
  async takeOver(): Promise<Watermark> {
    for (let attempt = 0; attempt < TAKE_OVERS; attempt++) {
      const {epoch} = (await this.#read()) ?? (await this.#insert());
      if (!(await this.#update(`epoch = ${epoch + 1}`, epoch))) continue;
      this.#epoch = epoch + 1;
      // Read again: the writer before may have moved until its last moment.
      const watermark = await this.#read();
      if (watermark?.epoch === this.#epoch) return watermark;
    }
    throw new RetriableError(
      'SINK_UNREACHABLE',
      `sink ${this.#source.sink}: others keep taking over ${this.#source.topic}-${this.#source.partition}; see that each partition has one writer`,
    );
  }

  /** Announces a file before it is loaded. From then on its load is certain: by this writer, or by the next one. */
  announce(startOffset: number, {file, nextOffset, target, columns}: PendingLoad): Promise<void> {
    return this.#move(
      `next_offset = ${startOffset}, pending_file = ${literal(file)}, pending_offset = ${nextOffset}, pending_target = ${literal(target)}, pending_columns = ${literal(JSON.stringify(columns))}`,
    );
  }

  /** Moves the watermark, past what was announced. */
  settle(nextOffset: number | undefined): Promise<void> {
    return this.#move(
      `next_offset = ${nextOffset ?? 'NULL'}, pending_file = NULL, pending_offset = NULL, pending_target = NULL, pending_columns = NULL`,
    );
  }

  /** @throws TaskError SINK_FENCED when this writer is not the newest any more, or `file` not what it loads. */
  async checkLoads(file: string): Promise<void> {
    const rows = await this.#client.query(`SELECT 1 AS own WHERE ${this.guard(file)}`);
    if (rows.length === 0) throw this.fenced();
  }

  async #move(changes: string): Promise<void> {
    if (!(await this.#update(changes, this.#epoch))) throw this.fenced();
  }

  fenced(): TaskError {
    const {sink, topic, partition} = this.#source;
    return new TaskError(
      'SINK_FENCED',
      `sink ${sink}: another writer has taken over ${topic}-${partition}`,
    );
  }

  /** Whether the row still was at `epoch`. */
  async #update(changes: string, epoch: number): Promise<boolean> {
    const [result] = await this.#client.query(
      `UPDATE ${this.#table} SET ${changes} WHERE ${this.#row} AND epoch = ${epoch}`,
    );
    return Number(result?.['num_affected_rows'] ?? 0) > 0;
  }

  async #read(): Promise<Watermark | undefined> {
    let rows: readonly Row[];
    try {
      rows = await this.#client.query(
        `SELECT topic_id, next_offset, epoch, pending_file, pending_offset, pending_target, pending_columns FROM ${this.#table} WHERE ${this.#row}`,
      );
    } catch (error) {
      if (!(error instanceof StatementError) || error.problem !== 'missing') throw error;
      await this.#create();
      return undefined;
    }
    const [row] = rows;
    if (row === undefined) return undefined;
    this.#checkTopic(row);
    const file = row['pending_file'];
    return {
      nextOffset: offsetOf(row['next_offset']),
      epoch: Number(row['epoch']),
      pending:
        typeof file === 'string'
          ? {
              file,
              nextOffset: Number(row['pending_offset']),
              target: String(row['pending_target']),
              columns: JSON.parse(String(row['pending_columns'])) as readonly WrittenColumn[],
            }
          : undefined,
    };
  }

  #checkTopic({topic_id: id, next_offset: nextOffset}: Row): void {
    const {sink, topic, topicId, partition} = this.#source;
    if (id === topicId) return;
    throw new FatalError(
      'SINK_OFFSET_MISMATCH',
      `sink ${sink}: topic ${topic} was deleted and created again since partition ${partition} was written up to offset ${String(nextOffset)}; to load the new topic too, DELETE FROM ${this.#table} WHERE ${this.#row}`,
    );
  }

  /** A folder for each partition's row, so that writers of different ones never conflict. */
  async #create(): Promise<void> {
    await this.#client.run(
      `CREATE TABLE IF NOT EXISTS ${this.#table} (sink STRING, topic STRING, part INT, topic_id STRING, next_offset BIGINT, epoch BIGINT, pending_file STRING, pending_offset BIGINT, pending_target STRING, pending_columns STRING) USING DELTA PARTITIONED BY (sink, topic, part)`,
    );
  }

  /** Two at once may both insert; their rows are equal, and stay so. */
  async #insert(): Promise<{epoch: number}> {
    const {sink, topic, topicId, partition} = this.#source;
    await this.#client.run(
      `MERGE INTO ${this.#table} AS t USING (SELECT ${literal(sink)} AS sink, ${literal(topic)} AS topic, ${partition} AS part) AS s ON t.sink = s.sink AND t.topic = s.topic AND t.part = s.part WHEN NOT MATCHED THEN INSERT (sink, topic, part, topic_id, epoch) VALUES (s.sink, s.topic, s.part, ${literal(topicId)}, 0)`,
    );
    return {epoch: 0};
  }
}

function offsetOf(value: unknown): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
