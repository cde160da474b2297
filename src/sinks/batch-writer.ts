import type {Clock} from '../common/clock.ts';
import type {Metrics} from '../common/metrics.ts';
import {badRecordError} from './bad-record-error.ts';
import type {Batch} from './batcher.ts';
import type {DeadLetter, DeadLetterKind, DeadLetterQueue} from './dead-letter-queue.ts';
import {PartSize} from './part-size.ts';
import type {RowEntry, SinkEntry, UnreadableEntry} from './record-converter.ts';

import {RejectedRowError} from './warehouse-sink.ts';
import type {SinkPartition, SinkSource} from './warehouse-sink.ts';

/** A record that makes no row is kept in the dead letter topic. `none`: then it stops the sink. `all`: it is skipped and counted. */
export type ErrorsTolerance = 'none' | 'all';

export interface BatchWriterOptions {
  readonly source: SinkSource;
  readonly tolerance: ErrorsTolerance;
  /** Undefined: such records are kept nowhere. */
  readonly deadLetters: DeadLetterQueue | undefined;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** The watermark has moved to `nextOffset`, past `rows` more rows. */
  readonly onWritten: (nextOffset: number, rows: number) => void;
}

/**
 * Writes batches to a partition of the warehouse, past the records that make no row.
 *
 * A dead letter is committed before the watermark moves past its record; what it moves past is counted after it.
 */
export class BatchWriter {
  readonly #partition: SinkPartition;
  readonly #options: BatchWriterOptions;

  constructor(partition: SinkPartition, options: BatchWriterOptions) {
    this.#partition = partition;
    this.#options = options;
  }

  /** @throws FatalError RECORD_UNREADABLE for a record that makes no row, unless that is tolerated. */
  async write(batch: Batch<SinkEntry>): Promise<void> {
    const {source, tolerance} = this.#options;
    const {entries, startOffset} = batch;
    const end = tolerance === 'none' ? entries.findIndex(isUnreadable) : -1;
    const bad = entries[end];
    if (bad?.kind !== 'unreadable') return this.#write(batch);
    await this.#write({entries: entries.slice(0, end), startOffset, nextOffset: bad.offset});
    await this.#keep('unreadable', [letterOf(bad)]);
    throw badRecordError(source, bad.offset, bad.side, bad.error);
  }

  async #write({entries, startOffset, nextOffset}: Batch<SinkEntry>): Promise<void> {
    const unreadable = entries.filter(isUnreadable);
    if (unreadable.length > 0) {
      await this.#keep('unreadable', unreadable.map(letterOf));
    }
    const rows = entries.filter((entry) => entry.kind === 'row');
    const size = new PartSize(rows.length);
    let from = startOffset;
    let at = 0;
    let passed = 0;
    while (from < nextOffset) {
      const part = rows.slice(at, at + size.current);
      const to = rows[at + part.length]?.offset ?? nextOffset;
      const error = await this.#tryWrite(part, from, to);
      if (error === undefined) {
        const before = passed;
        while ((entries[passed]?.offset ?? to) < to) passed++;
        this.#written(part, entries.slice(before, passed), to);
        size.written();
        at += part.length;
        from = to;
        continue;
      }
      const good = part.findIndex(({offset}) => offset === error.offset);
      if (good < 0) throw error;
      if (good === 0) await this.#skip(rows[at++] as RowEntry, error);
      size.rejected(good);
    }
  }

  /** The rejection of one of the rows, after which nothing is written. */
  async #tryWrite(
    rows: readonly RowEntry[],
    startOffset: number,
    nextOffset: number,
  ): Promise<RejectedRowError | undefined> {
    try {
      await this.#partition.write({rows, startOffset, nextOffset});
      return undefined;
    } catch (error) {
      if (error instanceof RejectedRowError) return error;
      throw error;
    }
  }

  async #skip({record, offset}: RowEntry, error: RejectedRowError): Promise<void> {
    const {tolerance, source} = this.#options;
    if (record !== undefined) await this.#keep('rejected', [{record, stage: 'TASK_PUT', error}]);
    if (tolerance === 'none') throw badRecordError(source, offset, 'row', error);
  }

  async #keep(kind: DeadLetterKind, letters: readonly DeadLetter[]): Promise<void> {
    const {deadLetters, metrics, source} = this.#options;
    const count = (await deadLetters?.write(kind, letters)) ?? 0;
    const from = {component: `sink ${source.sink}`, topic: source.topic};
    if (count > 0) metrics.count('millrace_dead_letters_total', from, count);
  }

  /** Counts the rows and whatever else the watermark has passed with them. */
  #written(rows: readonly RowEntry[], passed: readonly SinkEntry[], nextOffset: number): void {
    const {source, metrics, onWritten} = this.#options;
    const {sink, topic} = source;
    const tombstones = passed.filter(({kind}) => kind === 'tombstone').length;
    const skipped = passed.length - rows.length - tombstones;
    onWritten(nextOffset, rows.length);
    metrics.count('millrace_sink_rows_total', {sink, topic}, rows.length);
    metrics.count('millrace_sink_batches_total', {sink, topic});
    if (skipped > 0) metrics.count('millrace_skipped_records_total', {topic}, skipped);
    if (tombstones > 0) {
      metrics.count('millrace_sink_skipped_tombstones_total', {sink, topic}, tombstones);
    }
    this.#observeLatency(rows);
  }

  /** Rows of one millisecond are one observation with a count. */
  #observeLatency(rows: readonly RowEntry[]): void {
    const {source, clock, metrics} = this.#options;
    const now = clock.now();
    let count = 0;
    rows.forEach(({timestamp}, at) => {
      count++;
      if (rows[at + 1]?.timestamp === timestamp) return;
      const seconds = Math.max(0, now - timestamp) / 1000;
      metrics.observe('millrace_end_to_end_latency_seconds', {sink: source.sink}, seconds, count);
      count = 0;
    });
  }
}

function isUnreadable(entry: SinkEntry): entry is UnreadableEntry {
  return entry.kind === 'unreadable';
}

function letterOf({record, side, error}: UnreadableEntry): DeadLetter {
  return {record, stage: side === 'key' ? 'KEY_CONVERTER' : 'VALUE_CONVERTER', error};
}
