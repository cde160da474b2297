import type {ConsumedRecord} from '../client.ts';
import {encodedBound} from '../memory-records/encode-records.ts';
import type {StoredBatch} from './journal-entry.ts';
import {KeyOffsetMap} from './key-offset-map.ts';
import type {LogStore} from './log-store.ts';
import type {PartitionLog} from './partition-log.ts';
import {MAX_BATCH_BYTES, bodyWithGaps} from './record-batch.ts';
import {rewriteBatches} from './rewrite-batches.ts';
import type {UnwrittenBatch} from './unwritten-batch.ts';

export interface CleanerOptions {
  /** How long tombstones are kept (`delete.retention.ms`). Default: 24 hours. */
  readonly deleteRetentionMs: number;
  /** A partition is compacted when so much of it is new, and at least as much as is not. Default: 4 MiB. */
  readonly minDirtyBytes: number;
  /** Memory for keys; a pass with more of them cleans only as far as they reach. Default: 16 MiB. */
  readonly keyMapBytes: number;
}

/** Read, filtered and written again in one go: a few milliseconds of work. */
const STEP_BYTES = 1 << 20;

/** Batches of this size are left alone when all their records stay. */
const GOOD_BATCH_BYTES = MAX_BATCH_BYTES / 4;

/**
 * Compacts a partition as Kafka's log cleaner does: the newest record of each key stays, at its offset.
 *
 * Works below what is indexed, so never at or above the last stable offset. Each step replaces a stretch of batches;
 * a crash leaves the stretches after it as they were.
 */
export class LogCleaner {
  readonly #store: LogStore;
  readonly #options: CleanerOptions;

  constructor(store: LogStore, options: CleanerOptions) {
    this.#store = store;
    this.#options = options;
  }

  isDue({topic, dirtyBytes, cleanBytes}: PartitionLog): boolean {
    if (topic.cleanupPolicy !== 'compact') return false;
    return dirtyBytes >= this.#options.minDirtyBytes && dirtyBytes >= cleanBytes;
  }

  /** One pass; stops early, without harm, when `isStopped`. */
  async clean(log: PartitionLog, isStopped: () => boolean): Promise<void> {
    const latest = new KeyOffsetMap(this.#options.keyMapBytes);
    const dirty = await this.#collectKeys(log, latest, isStopped);
    let cleanBytes = 0;
    let offset = log.logStartOffset;
    while (offset < dirty.end) {
      const batches = await this.#batches(log, offset, dirty.end);
      const last = batches.at(-1);
      if (last === undefined) break;
      if (isStopped() || log.deleted) return;
      for (const batch of await this.#cleanStretch(log, batches, latest)) {
        cleanBytes += batch.length;
      }
      offset = last.nextOffset;
    }
    log.cleanedOffset = dirty.end;
    log.cleanBytes = cleanBytes;
    log.dirtyBytes = Math.max(0, log.dirtyBytes - dirty.bytes);
    const key = {topicNumber: log.topic.number, partition: log.partition};
    await this.#store.index.apply({partitions: [{...key, state: log.state()}]});
  }

  /** Fills the map from what is new; ends before the first batch whose keys do not fit. */
  async #collectKeys(
    log: PartitionLog,
    latest: KeyOffsetMap,
    isStopped: () => boolean,
  ): Promise<{end: number; bytes: number}> {
    let bytes = 0;
    let end = log.cleanedOffset;
    while (!isStopped()) {
      const batches = await this.#batches(log, end, log.indexedEnd);
      if (batches.length === 0) break;
      const decoded = await this.#store.reader.readBatches(log, batches);
      for (const [i, batch] of batches.entries()) {
        for (const {key, offset} of decoded?.[i] ?? []) {
          if (key !== null && !latest.set(key, offset)) return {end, bytes};
        }
        bytes += batch.length;
        end = batch.nextOffset;
      }
    }
    return {end, bytes};
  }

  async #batches(log: PartitionLog, from: number, to: number): Promise<StoredBatch[]> {
    const key = {topicNumber: log.topic.number, partition: log.partition};
    return from >= to ? [] : this.#store.index.batches(key, from, to, STEP_BYTES);
  }

  /** Returns the batches that stand there now. */
  async #cleanStretch(
    log: PartitionLog,
    batches: readonly StoredBatch[],
    latest: KeyOffsetMap,
  ): Promise<readonly StoredBatch[]> {
    const decoded = await this.#store.reader.readBatches(log, batches);
    if (decoded === undefined) return batches;
    const horizon = this.#store.clock.now() - this.#options.deleteRetentionMs;
    let removed = 0;
    const kept = decoded.map((records, i) => {
      const expired = (batches[i] as StoredBatch).appendTime < horizon;
      const survivors = records.filter(({key, value, offset}) => {
        if (key === null) return true;
        return (latest.get(key) ?? offset) <= offset && !(expired && value === null);
      });
      removed += records.length - survivors.length;
      return survivors;
    });
    const bytes = batches.reduce((sum, {length}) => sum + length, 0);
    const good = batches.length === 1 || bytes / batches.length >= GOOD_BATCH_BYTES;
    if (removed === 0 && good) return batches;
    const to = this.#merge(log, batches, kept);
    return rewriteBatches(this.#store, {log, from: batches, to});
  }

  /**
   * Puts neighbours together up to the usual batch size, but never such that were written further apart than tombstones
   * are kept: the merged batch counts as written with its latest part, and would keep them for ever.
   */
  #merge(
    log: PartitionLog,
    batches: readonly StoredBatch[],
    kept: readonly ConsumedRecord[][],
  ): UnwrittenBatch[] {
    const merged: UnwrittenBatch[] = [];
    let open: {batch: StoredBatch; records: ConsumedRecord[]; bound: number} | undefined;
    let appendTime = 0;
    const close = (): void => {
      if (open === undefined) return;
      const {records} = open;
      merged.push({
        topicNumber: log.topic.number,
        partition: log.partition,
        baseOffset: (records[0] as ConsumedRecord).offset,
        nextOffset: (records.at(-1) as ConsumedRecord).offset + 1,
        body: bodyWithGaps(records),
        appendTime,
      });
    };
    for (const [i, batch] of batches.entries()) {
      const records = kept[i] as ConsumedRecord[];
      if (records.length === 0) continue;
      const bound = records.reduce((sum, record) => sum + encodedBound(record), 0);
      const fits =
        open !== undefined &&
        open.bound + bound <= MAX_BATCH_BYTES &&
        Math.abs(batch.appendTime - open.batch.appendTime) <= this.#options.deleteRetentionMs;
      if (open !== undefined && fits) {
        for (const record of records) open.records.push(record);
        open.bound += bound;
        appendTime = Math.max(appendTime, batch.appendTime);
        continue;
      }
      close();
      open = {batch, records, bound};
      ({appendTime} = batch);
    }
    close();
    return merged;
  }
}
