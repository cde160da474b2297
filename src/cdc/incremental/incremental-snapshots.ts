import type {Clock} from '../../common/clock.ts';
import type {Conditions} from '../../common/conditions.ts';
import {FatalError, RetriableError} from '../../common/errors.ts';
import type {ServiceError} from '../../common/errors.ts';
import {Latch} from '../../common/latch.ts';
import type {Logger} from '../../common/logger.ts';
import {WATERMARK_PREFIX} from '../chunk-source.ts';
import type {ChunkSource, SnapshotChunk} from '../chunk-source.ts';
import type {Relation, RowChange} from '../replication-source.ts';
import type {Tuple} from '../tuple.ts';
import {ChunkWindow} from './chunk-window.ts';
import {
  afterChunk,
  isIdle,
  withRequest,
  withTablesFound,
  withoutTables,
} from './incremental-state.ts';
import type {IncrementalState, IncrementalTable} from './incremental-state.ts';
import {RecentTransactions} from './recent-transactions.ts';
import {SIGNAL_PREFIX, parseSignal, parseSignalMessage} from './signal.ts';
import type {Signal} from './signal.ts';

export interface IncrementalSnapshotsParts {
  /** For conditions and the log: `source camel`. */
  readonly subject: string;
  readonly source: ChunkSource;
  /** `incremental.snapshot.chunk.size`: rows. */
  readonly chunkSize: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly conditions: Conditions;
}

/** Rows to publish at the watermark that the stream has come to. */
export interface ChunkRows {
  readonly chunk: SnapshotChunk;
  readonly rows: readonly Tuple[];
}

/** For `/api/status`. */
export interface IncrementalProgress {
  readonly table: string | undefined;
  readonly rows: number;
  readonly estimatedRows: number | undefined;
  readonly percent: number | undefined;
  /** Tables that wait, without the one being read. */
  readonly waiting: number;
  readonly isPaused: boolean;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** Until a transaction that was delivered is over on the server, too: what is left of its commit. */
const COMMIT_MS = 50;
const PROGRESS_MS = 10_000;

/**
 * Reads tables while their changes stream, chunk by chunk, by DBLog's method (https://arxiv.org/abs/2010.12597): a chunk
 * is published where the stream stands when it comes to the watermark that was written after the chunk was read, without
 * the rows that the stream has changed since before it was read.
 *
 * One side is called by who publishes the stream, in its order; `run` reads the chunks. The state that a commit makes
 * durable is the one as of the last whole transaction.
 */
export class IncrementalSnapshots {
  readonly #parts: IncrementalSnapshotsParts;
  readonly #recent = new RecentTransactions();
  readonly #latch = new Latch();
  #state: IncrementalState;
  #durable: IncrementalState;
  #window: ChunkWindow | undefined;
  #windows = 0;
  #failures = 0;
  #raised: ServiceError | undefined;
  #estimatedRows: number | undefined;
  #toldAt = 0;
  /** Tables that could not be read for want of a key. */
  readonly #keyless = new Set<string>();

  constructor(state: IncrementalState, parts: IncrementalSnapshotsParts) {
    this.#parts = parts;
    this.#state = state;
    this.#durable = state;
  }

  /** As of the last whole transaction; undefined where nothing is left to read. */
  get durable(): IncrementalState | undefined {
    return isIdle(this.#durable) && !this.#durable.isPaused ? undefined : this.#durable;
  }

  progress(): IncrementalProgress | undefined {
    if (isIdle(this.#state)) return undefined;
    const {isPaused, tables, requested} = this.#state;
    const [current, ...others] = tables;
    const rows = current?.rows ?? 0;
    const estimatedRows = this.#estimatedRows;
    return {
      table: current?.table,
      rows,
      estimatedRows,
      percent:
        estimatedRows === undefined
          ? undefined
          : Math.min(100, Math.round((100 * rows) / Math.max(1, estimatedRows))),
      waiting: others.length + requested.length,
      isPaused,
    };
  }

  /** Whether `change` must be told of changes. */
  get isReading(): boolean {
    return this.#window !== undefined;
  }

  // Called in the order of the stream.

  begin(xid: number): void {
    this.#recent.add(xid);
  }

  change(change: RowChange): void {
    this.#window?.saw(change);
  }

  truncate(relations: readonly Relation[]): void {
    for (const relation of relations) this.#window?.sawTruncate(relation);
  }

  /** The rows that belong here, if this is the watermark of a chunk; `published` must follow. Takes signals. */
  message(prefix: string, content: Uint8Array): ChunkRows | undefined {
    if (prefix === SIGNAL_PREFIX) this.#follow(parseSignalMessage(Buffer.from(content).toString()));
    if (prefix !== WATERMARK_PREFIX) return undefined;
    const window = this.#window;
    const chunk = window?.chunk;
    if (window === undefined || chunk === undefined) return undefined;
    if (Buffer.from(content).toString() !== window.watermark) return undefined;
    if (window.isUnknown) {
      this.#close();
      return undefined;
    }
    return {chunk, rows: window.rows()};
  }

  /** A row of the signal table: `id`, `type`, `data`. */
  signal(type: string, data: string | null): void {
    this.#follow(parseSignal(type, data ?? undefined));
  }

  /** The rows of the watermark were published. */
  published({chunk, rows}: ChunkRows): void {
    const isLast = chunk.rows.length < this.#parts.chunkSize;
    const last = chunk.rows.at(-1);
    const before = this.#state.tables[0];
    this.#state = afterChunk(this.#state, {
      rows: rows.length,
      after: last && keyOf(chunk, last),
      upTo: chunk.upTo,
      isLast,
    });
    this.#close();
    if (before !== undefined) this.#tell(before, rows.length, isLast);
  }

  commit(): void {
    this.#durable = this.#state;
  }

  // The other side.

  /** Reads until `signal` aborts. Never rejects for what the database answers: it tries again. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#latch.wake(), {once: true});
    while (!signal.aborted) {
      const {isPaused} = this.#state;
      if (isPaused || isIdle(this.#state)) {
        await this.#latch.wait();
        continue;
      }
      try {
        if (this.#state.requested.length > 0) await this.#lookUp();
        else await this.#readChunk(signal);
        this.#succeeded();
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof RetriableError || error instanceof FatalError)) throw error;
        await this.#failed(error, signal);
      }
    }
  }

  async #lookUp(): Promise<void> {
    const [request] = this.#state.requested;
    if (request === undefined) return;
    const names = await this.#parts.source.tablesMatching(request.pattern);
    // It may have been taken back meanwhile.
    if (this.#state.requested[0] !== request) return;
    this.#state = withTablesFound(this.#state, names);
    if (names.length === 0)
      this.#parts.logger.warn(
        {pattern: request.pattern},
        `${this.#parts.subject}: no captured table matches ${request.pattern}; its snapshot is left out`,
      );
  }

  async #readChunk(signal: AbortSignal): Promise<void> {
    const {source, chunkSize, clock} = this.#parts;
    const [current] = this.#state.tables;
    if (current === undefined) return;
    const {table, after, upTo, filter, isInitial = false} = current;
    const watermark = `${clock.nowMicros()}-${++this.#windows}`;
    const window = new ChunkWindow(watermark, table);
    const seen = this.#recent.count;
    this.#window = window;
    try {
      const outcome = await source.readChunk(
        {table, after, upTo, filter, isInitial, limit: chunkSize, watermark},
        (chunk) => {
          // What it has written has gone by in the stream, and is not in the chunk.
          if (this.#recent.includesBefore(seen, chunk.running)) return false;
          this.#estimatedRows = chunk.estimatedRows;
          window.accept(chunk);
          this.#hasKey(table);
          return true;
        },
      );
      if (outcome === 'declined') await clock.sleep(COMMIT_MS, signal);
      else if (outcome === 'accepted') await this.#untilClosed(window, signal);
      else this.#leaveOut(current, outcome);
    } finally {
      if (this.#window === window) this.#close();
    }
  }

  async #untilClosed(window: ChunkWindow, signal: AbortSignal): Promise<void> {
    while (this.#window === window && !signal.aborted) await this.#latch.wait();
  }

  #close(): void {
    this.#window = undefined;
    this.#latch.wake();
  }

  #follow(signal: Signal): void {
    const {logger, subject} = this.#parts;
    switch (signal.kind) {
      case 'execute':
        this.#state = withRequest(this.#state, signal);
        logger.info({collections: signal.collections}, 'an incremental snapshot was asked for');
        break;
      case 'stop':
        this.#state = withoutTables(this.#state, signal.collections);
        logger.info({collections: signal.collections}, 'incremental snapshots were stopped');
        this.#window = undefined;
        break;
      case 'pause':
      case 'resume':
        this.#state = {...this.#state, isPaused: signal.kind === 'pause'};
        logger.info({}, `incremental snapshots ${signal.kind}`);
        break;
      case 'unusable':
        logger.warn({}, `${subject}: a signal cannot be followed: ${signal.reason}`);
    }
    this.#latch.wake();
  }

  #leaveOut({table}: IncrementalTable, outcome: 'no table' | 'no key'): void {
    const {logger, conditions, subject} = this.#parts;
    this.#state = withoutTables(this.#state, [table]);
    if (outcome === 'no table') {
      logger.warn({table}, `${subject}: ${table} is gone; its snapshot is left out`);
      return;
    }
    const message = `${subject}: ${table} has no primary key, by which an incremental snapshot could read it: rows from before it was captured are missing. Add a primary key and ask for the snapshot again, or take a new initial snapshot`;
    this.#keyless.add(table);
    conditions.raise({code: 'CDC_TABLE_WITHOUT_KEY', subject: `${subject} ${table}`, message});
    logger.error({table}, message);
  }

  #hasKey(table: string): void {
    const {conditions, subject} = this.#parts;
    if (this.#keyless.delete(table))
      conditions.clear('CDC_TABLE_WITHOUT_KEY', `${subject} ${table}`);
  }

  #tell(before: IncrementalTable, rows: number, isLast: boolean): void {
    const {clock, logger} = this.#parts;
    const {table} = before;
    const now = clock.now();
    if (before.after === undefined) logger.info({table}, 'incremental snapshot begins');
    if (isLast) logger.info({table, rows: before.rows + rows}, 'incremental snapshot is complete');
    else if (now - this.#toldAt >= PROGRESS_MS) {
      this.#toldAt = now;
      logger.info({...this.progress()}, 'incremental snapshot');
    }
  }

  #succeeded(): void {
    this.#failures = 0;
    if (this.#raised !== undefined) {
      this.#parts.conditions.clear(this.#raised.code, this.#parts.subject);
    }
    this.#raised = undefined;
  }

  async #failed(error: RetriableError | FatalError, signal: AbortSignal): Promise<void> {
    const {conditions, logger, subject, clock} = this.#parts;
    const retryInMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++);
    const {code, message} = error;
    if (code !== this.#raised?.code) {
      this.#succeeded();
      this.#failures = 1;
      logger.warn({code, subject, retryInMs}, `an incremental snapshot waits: ${message}`);
    }
    this.#raised = error;
    conditions.raise({code, subject, message});
    await clock.sleep(retryInMs, signal);
  }
}

function keyOf({relation, keyColumns}: SnapshotChunk, row: Tuple): readonly string[] {
  return keyColumns.map((name) => {
    const index = relation.columns.findIndex((column) => column.name === name);
    return row.text(index) ?? '';
  });
}
