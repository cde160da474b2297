import type {Logger} from '../../common/logger.ts';
import {messageOf} from '../../common/errors.ts';
import {takeCheckpoint} from './checkpoint.ts';
import {LogCleaner} from './log-cleaner.ts';
import type {CleanerOptions} from './log-cleaner.ts';
import type {LogStore} from './log-store.ts';
import type {LogBatch, PartitionLog} from './partition-log.ts';
import {removeDeletedTopics, removeExpired} from './retention.ts';
import {reclaimSegments} from './segment-reclaimer.ts';

export interface MaintenanceOptions extends Partial<CleanerOptions> {
  readonly logger: Logger;
  /** How often the log is looked at while nothing is written (`log.retention.check.interval.ms`). Default: 5 minutes. */
  readonly retentionCheckIntervalMs?: number;
  /** A checkpoint is made after so many bytes of journal. Default: 32 MiB. */
  readonly checkpointBytes?: number;
}

/**
 * A checkpoint is made after so many entries, however small: they are in memory until then, some 300 bytes each, and go to the index
 * in one turn of the event loop, two to three microseconds each.
 */
const CHECKPOINT_ENTRIES = 2000;

/** Keeps the log small and quick to open, in the background, one step after another. */
export class Maintenance {
  readonly #store: LogStore;
  readonly #logger: Logger;
  readonly #cleaner: LogCleaner;
  readonly #checkpointBytes: number;
  readonly #stopTimer: () => void;
  #running: Promise<void> = Promise.resolve();
  #queued: Promise<void> | undefined;
  #closed = false;
  /** The journal as of the last checkpoint. */
  #sequence: number;
  #bytes = 0;

  constructor(store: LogStore, options: MaintenanceOptions) {
    this.#store = store;
    this.#logger = options.logger;
    this.#checkpointBytes = options.checkpointBytes ?? 32 << 20;
    this.#cleaner = new LogCleaner(store, {
      deleteRetentionMs: options.deleteRetentionMs ?? 24 * 60 * 60 * 1000,
      minDirtyBytes: options.minDirtyBytes ?? 4 << 20,
      keyMapBytes: options.keyMapBytes ?? 16 << 20,
    });
    this.#sequence = store.journal.end.sequence;
    store.journal.onWrite = () => {
      const {journal} = store;
      const entries = journal.end.sequence - this.#sequence;
      if (
        entries < CHECKPOINT_ENTRIES &&
        journal.writtenBytes - this.#bytes < this.#checkpointBytes
      ) {
        return;
      }
      this.#runInBackground();
    };
    const intervalMs = options.retentionCheckIntervalMs ?? 300_000;
    this.#stopTimer = store.clock.every(intervalMs, () => this.#runInBackground());
  }

  /** Does everything that is due. A call while one waits for its turn joins it. */
  run(): Promise<void> {
    if (this.#queued === undefined) {
      this.#queued = this.#runAfter(this.#running);
      this.#running = this.#queued;
    }
    return this.#queued;
  }

  /** Stops what is under way and makes a last checkpoint. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopTimer();
    await this.#running.catch(() => undefined);
    try {
      await this.#checkpoint();
    } catch (error) {
      // The journal has everything: the next open takes longer, no more.
      this.#logger.warn({reason: messageOf(error)}, 'closed the embedded log without a checkpoint');
    }
  }

  async #runAfter(before: Promise<void>): Promise<void> {
    await before.catch(() => undefined);
    this.#queued = undefined;
    if (!this.#closed) await this.#runAll();
  }

  #runInBackground(): void {
    if (this.#closed || this.#queued !== undefined) return;
    this.run().catch((error: unknown) => {
      this.#logger.error({reason: messageOf(error)}, 'maintenance of the embedded log failed');
    });
  }

  async #runAll(): Promise<void> {
    const isStopped = (): boolean => this.#closed;
    const segment = await this.#checkpoint();
    await removeDeletedTopics(this.#store, isStopped);
    const logs = [...this.#store.topics.logs()];
    for (const log of logs) {
      await removeExpired(this.#store, log, isStopped);
      if (this.#cleaner.isDue(log)) await this.#cleaner.clean(log, isStopped);
    }
    await reclaimSegments(this.#store, segment, isStopped);
  }

  /** Returns the segment in which the journal ended. */
  async #checkpoint(): Promise<number> {
    const {journal, index} = this.#store;
    const {checkpoint, indexed} = takeCheckpoint(this.#store);
    this.#sequence = checkpoint.end.sequence;
    this.#bytes = journal.writtenBytes;
    await journal.sync();
    const logs = new Set<PartitionLog>();
    const add = [];
    for (const {log, topicNumber, partition, stored} of indexed) {
      const batch = stored as NonNullable<LogBatch['stored']>;
      log.dirtyBytes += batch.length;
      logs.add(log);
      add.push({topicNumber, partition, batch});
    }
    const partitions = Array.from(logs, (log) => ({
      topicNumber: log.topic.number,
      partition: log.partition,
      state: log.state(),
    }));
    await index.apply({add, partitions, checkpoint});
    for (const batch of indexed) {
      batch.indexed = true;
      batch.log.indexedEnd = Math.max(batch.log.indexedEnd, batch.nextOffset);
    }
    for (const log of logs) log.trim();
    return checkpoint.end.segment;
  }
}
