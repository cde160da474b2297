import {randomUUID} from 'node:crypto';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {
  FatalError,
  messageOf,
  RetriableError,
  ServiceError,
  TaskError,
} from '../../common/errors.ts';
import type {Turns} from '../../common/turns.ts';
import {firstRejected} from '../first-rejected.ts';
import {RejectedRowError} from '../warehouse-sink.ts';
import type {SinkBatch, SinkPartition, SinkRow, SinkSource} from '../warehouse-sink.ts';
import {batchLines, handOver, readCompressed, saveCompressed} from './batch-file.ts';
import type {DatabricksClient} from './databricks-client.ts';
import type {PendingLoad, SinkOffsets, Watermark} from './sink-offsets.ts';
import {
  copyInto,
  fenceTable,
  get,
  list,
  mergeInto,
  put,
  qualified,
  remove,
  tryOut,
} from './statements.ts';
import type {Load, WrittenColumn} from './statements.ts';
import {serviceError, StatementError} from './statement-error.ts';

export interface PartitionParts {
  readonly client: DatabricksClient;
  readonly source: SinkSource;
  readonly columns: readonly WrittenColumn[];
  readonly offsets: SinkOffsets;
  /** The MERGEs of this process into the table: two at once would conflict. */
  readonly merges: Turns;
}

/**
 * Writes one topic partition's batches. Databricks has no transaction over several tables, so each batch is a file that is
 * announced in `_sink_offsets` before it is loaded; docs/exactly-once.md says why that is enough.
 */
export class DatabricksPartition implements SinkPartition {
  readonly nextOffset: number | undefined;
  readonly #parts: PartitionParts;
  readonly #directory: string;
  readonly #target: string;
  #next: number | undefined;
  /** Announced, and loaded. */
  #loaded: PendingLoad | undefined;
  #removals: Promise<unknown> = Promise.resolve();

  private constructor(parts: PartitionParts, nextOffset: number | undefined) {
    this.#parts = parts;
    this.#directory = directoryOf(parts);
    this.#target = targetOf(parts.source);
    this.nextOffset = nextOffset;
    this.#next = nextOffset;
  }

  /** Completes what the writer before has announced, and cleans up behind it. */
  static async recover(parts: PartitionParts, watermark: Watermark): Promise<DatabricksPartition> {
    const {offsets, source, client} = parts;
    const {pending, nextOffset, epoch} = watermark;
    if (pending === undefined) {
      const partition = new DatabricksPartition(parts, nextOffset);
      await partition.#removeLeftovers();
      return partition;
    }
    if (pending.target !== targetOf(source)) {
      throw new FatalError(
        'SINK_OFFSET_MISMATCH',
        `sink ${source.sink}: the last batch of ${source.topic}-${source.partition} was to go to "${pending.target}", and the configuration now says "${targetOf(source)}"; start once with the former one, so that it is completed`,
      );
    }
    const replay = new DatabricksPartition({...parts, columns: pending.columns}, nextOffset);
    const load = replay.#load(pending.file);
    // No load that the writer before begins from here on succeeds,
    await replay.#handOver(pending.file);
    // and none that it has begun commits after this.
    await client.run(fenceTable(load.table, `${epoch} ${pending.file}`));
    const isLoaded = await replay.#replay(load);
    const reached = isLoaded ? pending.nextOffset : nextOffset;
    await offsets.settle(reached);
    const partition = new DatabricksPartition(parts, reached);
    await partition.#removeLeftovers();
    return partition;
  }

  async write(batch: SinkBatch): Promise<void> {
    this.#checkStart(batch);
    try {
      await this.#write(batch);
    } catch (error) {
      throw error instanceof RejectedRowError ? error : this.#serviceError(error);
    }
    this.#next = batch.nextOffset;
  }

  /** Leaves nothing announced, as far as the warehouse can be reached. */
  async close(): Promise<void> {
    const {client, offsets} = this.#parts;
    const loaded = this.#loaded;
    if (loaded !== undefined && !client.broken) {
      try {
        await offsets.settle(loaded.nextOffset);
        this.#remove(loaded.file);
      } catch {
        // The next writer loads the file once more, which does nothing.
      }
    }
    this.#loaded = undefined;
    await this.#removals;
  }

  async #write(batch: SinkBatch): Promise<void> {
    const rows = this.#rowsToLoad(batch.rows);
    if (rows.length === 0) {
      await this.#parts.offsets.settle(batch.nextOffset);
      this.#release();
      return;
    }
    const file = `${batch.startOffset}-${batch.nextOffset}-${randomUUID()}.json.gz`;
    await this.#stageRows(file, rows);
    const {columns} = this.#parts;
    const pending = {file, nextOffset: batch.nextOffset, target: this.#target, columns};
    await this.#parts.offsets.announce(batch.startOffset, pending);
    this.#release();
    try {
      await this.#run(this.#load(file));
    } catch (error) {
      const rejected = await this.#rejected(file, rows, error);
      if (rejected === undefined) throw error;
      await this.#parts.offsets.settle(this.#next);
      this.#remove(file);
      throw rejected;
    }
    this.#loaded = pending;
  }

  /** In upsert mode the last row of each key alone, in the order of offsets. */
  #rowsToLoad(rows: readonly SinkRow[]): readonly SinkRow[] {
    if (this.#parts.source.insertMode === 'append') return rows.filter(({value}) => value !== null);
    const newest = new Map(rows.map((row) => [row.key, row]));
    return rows.filter((row) => newest.get(row.key) === row);
  }

  async #stageRows(file: string, rows: readonly SinkRow[]): Promise<void> {
    const {source, offsets} = this.#parts;
    const keyless = source.insertMode === 'upsert' ? rows.find(({key}) => key === null) : undefined;
    const withKeyFields = this.#parts.columns.some(({from}) => from === 'key-field');
    let lines: Buffer;
    try {
      if (keyless !== undefined)
        throw new RejectedRowError(keyless.offset, 'it has no key, and an upsert needs one');
      lines = batchLines(rows, offsets.epoch, withKeyFields);
    } catch (error) {
      if (error instanceof RejectedRowError) throw await this.#firstBad(file, rows, error);
      throw error;
    }
    await this.#stage(file, (path) => saveCompressed(path, lines));
  }

  /** Takes an announced file over from the writer before. */
  async #handOver(file: string): Promise<void> {
    const {client, offsets} = this.#parts;
    await this.#stage(file, async (path) => {
      try {
        await client.run(get(`${this.#directory}/${file}`, path));
      } catch (error) {
        if (!(error instanceof StatementError && error.problem === 'no-file')) throw error;
        // Another writer may have loaded and removed it.
        await offsets.checkLoads(file);
        throw this.#lost(file);
      }
      await saveCompressed(path, handOver(await linesOf(path, file), offsets.epoch));
    });
  }

  /** Brings a file to the volume, in the place of one of that name; `save` writes it to a path. */
  async #stage(file: string, save: (path: string) => Promise<void>): Promise<void> {
    const {client} = this.#parts;
    const path = join(client.staging, file);
    try {
      await save(path);
      await client.run(put(path, `${this.#directory}/${file}`));
    } finally {
      await rm(path, {force: true});
    }
  }

  /** A row before the one that cannot even be sent may be one that cannot be loaded. */
  async #firstBad(
    file: string,
    rows: readonly SinkRow[],
    error: RejectedRowError,
  ): Promise<RejectedRowError> {
    const before = rows.slice(
      0,
      rows.findIndex(({offset}) => offset === error.offset),
    );
    if (before.length === 0) return error;
    await this.#stageRows(file, before);
    const earlier = await this.#firstUnloadable(file, before);
    this.#remove(file);
    return earlier ?? error;
  }

  /** The row that made the load fail; undefined when it failed for another reason, and may have happened. */
  async #rejected(
    file: string,
    rows: readonly SinkRow[],
    error: unknown,
  ): Promise<RejectedRowError | undefined> {
    if (!mayBeRejection(error)) return undefined;
    return this.#firstUnloadable(file, rows);
  }

  async #firstUnloadable(
    file: string,
    rows: readonly SinkRow[],
  ): Promise<RejectedRowError | undefined> {
    const load = this.#load(file);
    const objection = async (some: readonly SinkRow[]): Promise<unknown> => {
      const [first, last] = [some.at(0), some.at(-1)];
      return first && last && this.#objection(load, first.offset, last.offset);
    };
    if ((await objection(rows)) === undefined) return undefined;
    const found = await firstRejected(rows, objection);
    if (found === undefined) return undefined;
    return new RejectedRowError(found.row.offset, (found.error as Error).message, {
      cause: found.error,
    });
  }

  /** Whether the file is loaded now. One with a bad row never was, and never is. */
  async #replay(load: Load): Promise<boolean> {
    try {
      await this.#run(load);
      return true;
    } catch (error) {
      if (!mayBeRejection(error)) throw error;
      const objection = await this.#objection(load, 0, Number.MAX_SAFE_INTEGER);
      if (objection === undefined) throw error;
      return false;
    }
  }

  /**
   * What the table says against the file's rows of these offsets; undefined where it takes them.
   *
   * @throws TaskError SINK_FENCED where they are another writer's by now: it was not the rows.
   */
  async #objection(load: Load, first: number, last: number): Promise<unknown> {
    const {client, offsets} = this.#parts;
    try {
      const [row] = await client.query(tryOut(load, first, last));
      if ((row?.['hash'] ?? null) === null) throw offsets.fenced();
      return undefined;
    } catch (error) {
      if (isRejection(error)) return error;
      throw error;
    }
  }

  #lost(file: string): FatalError {
    const {source, offsets} = this.#parts;
    return new FatalError(
      'SINK_OFFSET_MISMATCH',
      `sink ${source.sink}: ${this.#directory}/${file} was announced and is gone, so nobody can say whether it was loaded; look for its rows in the table, then ${offsets.remedy}`,
    );
  }

  #run(load: Load): Promise<unknown> {
    const {client, source, offsets, merges} = this.#parts;
    if (source.insertMode === 'append') return client.run(copyInto(load));
    return merges.run(() => client.run(mergeInto(load, offsets.guard(load.file))));
  }

  #load(file: string): Load {
    const {client, source, columns, offsets} = this.#parts;
    return {
      table: qualified(client.options, source.table.name),
      partition: source.partition,
      columns,
      directory: this.#directory,
      file,
      epoch: offsets.epoch,
    };
  }

  #checkStart({startOffset}: SinkBatch): void {
    if (this.#next === undefined || startOffset === this.#next) return;
    const {sink, topic, partition} = this.#parts.source;
    throw new TaskError(
      'SINK_OFFSET_MISMATCH',
      `sink ${sink}: a batch of ${topic}-${partition} starts at ${startOffset}, and the warehouse has it up to ${this.#next}`,
    );
  }

  /** The row in `_sink_offsets` has moved past what was loaded before: its file is of no use any more. */
  #release(): void {
    if (this.#loaded !== undefined) this.#remove(this.#loaded.file);
    this.#loaded = undefined;
  }

  /** Beside the writing. A file that stays is removed when the partition is opened again. */
  #remove(file: string): void {
    const {client} = this.#parts;
    this.#removals = this.#removals
      .then(() => client.run(remove(`${this.#directory}/${file}`)))
      .catch(() => undefined);
  }

  async #removeLeftovers(): Promise<void> {
    const {client} = this.#parts;
    try {
      for (const {name} of await client.query(list(this.#directory))) this.#remove(String(name));
      await this.#removals;
    } catch (error) {
      if (!(error instanceof StatementError) || error.problem === 'unreachable') throw error;
      // The folder comes with the first file.
    }
  }

  #serviceError(error: unknown): Error {
    if (error instanceof ServiceError) return error;
    const {sink, table} = this.#parts.source;
    const where = `sink ${sink}, table ${table.name}`;
    // Somebody has changed the table: opening it again finds that out.
    if (error instanceof StatementError && error.problem === 'invalid') {
      return new RetriableError('SINK_UNREACHABLE', `${where}: ${error.message}`, {cause: error});
    }
    return serviceError(where, error);
  }
}

function isRejection(error: unknown): boolean {
  return error instanceof StatementError && error.problem === 'rejected';
}

/** A task that fails on a value while it writes may be reported as just that: reading the file tells. */
function mayBeRejection(error: unknown): boolean {
  return isRejection(error) || (error instanceof StatementError && error.problem === 'failed');
}

async function linesOf(path: string, file: string): Promise<Buffer> {
  try {
    return await readCompressed(path);
  } catch (error) {
    throw new StatementError('failed', `${file} came damaged: ${messageOf(error)}`, {cause: error});
  }
}

function directoryOf({client, source}: PartitionParts): string {
  return `${client.options.volume.replace(/\/$/, '')}/${source.sink}/${source.topic}/${source.partition}`;
}

function targetOf({insertMode, table}: SinkSource): string {
  return `${insertMode} ${table.name}`;
}
