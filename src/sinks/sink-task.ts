import type {Clock} from '../common/clock.ts';
import {Latch} from '../common/latch.ts';
import type {Metrics} from '../common/metrics.ts';
import type {FetchedPartition, Fetcher, KafkaClient, TopicPartition} from '../kafka/client.ts';
import {badRecordError} from './bad-record-error.ts';
import type {ErrorsTolerance} from './batch-writer.ts';
import {Batcher} from './batcher.ts';
import type {BatchLimits} from './batcher.ts';
import type {DeadLetterQueue} from './dead-letter-queue.ts';
import {EvolvingWriter} from './evolving-writer.ts';
import type {RecordConverter, SinkEntry} from './record-converter.ts';
import {RegisteredConverter} from './registered-converter.ts';
import {startingOffset} from './starting-offset.ts';
import type {TableDefinition} from './table-definition.ts';
import type {SinkSource, WarehouseSink} from './warehouse-sink.ts';

export interface SinkTaskOptions {
  /** The table of a topic that is not declared has no more than its name. */
  readonly source: SinkSource;
  readonly converter: RecordConverter | RegisteredConverter;
  readonly limits: BatchLimits;
  readonly tolerance: ErrorsTolerance;
  readonly deadLetters: DeadLetterQueue | undefined;
  readonly kafka: KafkaClient;
  readonly sink: WarehouseSink;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Rows were written, or everything that there is has been written before: the last failure is overcome. */
  readonly onProgress: (rows: number) => void;
}

export interface SinkTaskStatus {
  /** The warehouse's watermark; null until it is known. */
  readonly nextOffset: number | null;
  readonly rowsWritten: number;
  /** Offsets between the watermark and the last stable offset; null until both are known. */
  readonly lag: number | null;
}

const IDLE_POLL_MS = 1000;

/** As Kafka's `max.partition.fetch.bytes`: what is read beyond a full batch. */
const MAX_FETCH_BYTES = 1 << 20;

/**
 * One topic partition on its way into one table, from the warehouse's own watermark on.
 *
 * While a batch is written the next one is read, one batch full at most; so batches grow with the load, and a slow
 * warehouse holds up the reading and not the memory.
 */
export class SinkTask {
  readonly #options: SinkTaskOptions;
  readonly #topicPartition: TopicPartition;
  /** Something was read, or reading has ended. */
  readonly #arrival = new Latch();
  /** A batch was taken out of what was read, or writing has ended. */
  readonly #room = new Latch();
  #failure: {readonly error: unknown} | undefined;
  #rowsWritten = 0;
  #nextOffset: number | undefined;
  #lastStableOffset: number | undefined;
  #writingSince: number | undefined;

  constructor(options: SinkTaskOptions) {
    const {source} = options;
    this.#options = options;
    this.#topicPartition = {topic: source.topic, partition: source.partition};
  }

  /** Since when the batch is being written that the warehouse has at the moment. */
  get writingSince(): number | undefined {
    return this.#writingSince;
  }

  /** Resolves when `signal` aborts, once the batch that is being written is; what was only read is dropped. */
  async run(signal: AbortSignal): Promise<void> {
    const table = await this.#table(signal);
    if (table === undefined) return;
    const {sink, source, limits} = this.#options;
    const writer = await EvolvingWriter.open(sink, {
      ...this.#options,
      source: {...source, table},
      onWritten: (nextOffset, rows) => this.#onWritten(nextOffset, rows),
    });
    const fetcher = this.#fetcher();
    try {
      const offset = await this.#startingOffset(writer.nextOffset);
      this.#nextOffset = offset;
      fetcher.assign(this.#topicPartition, offset);
      await this.#transfer(fetcher, writer, new Batcher(limits, offset), signal);
    } finally {
      await fetcher.close();
      await writer.close();
    }
  }

  status(): SinkTaskStatus {
    const nextOffset = this.#nextOffset ?? null;
    const end = this.#lastStableOffset;
    return {
      nextOffset,
      rowsWritten: this.#rowsWritten,
      lag: nextOffset === null || end === undefined ? null : Math.max(0, end - nextOffset),
    };
  }

  #fetcher(): Fetcher {
    const {kafka, limits, deadLetters} = this.#options;
    return kafka.fetcher({
      isolation: 'read_committed',
      maxPartitionBytes: Math.min(MAX_FETCH_BYTES, limits.bufferBytes),
      // A dead letter keeps those of its record; no row has any.
      headers: deadLetters !== undefined,
    });
  }

  /** As declared, or what the first row of the log needs, once there is one; undefined when `signal` aborts before. */
  async #table(signal: AbortSignal): Promise<TableDefinition | undefined> {
    const {converter, source, onProgress} = this.#options;
    if (!(converter instanceof RegisteredConverter)) return source.table;
    const fetcher = this.#fetcher();
    try {
      const {earliest} = await this.#logEnds();
      fetcher.assign(this.#topicPartition, earliest);
      while (converter.table === undefined && !signal.aborted) {
        for (const fetched of await fetcher.poll(IDLE_POLL_MS, signal)) {
          await converter.convert(fetched.records);
          if (fetched.position >= fetched.lastStableOffset) onProgress(0);
        }
      }
      return converter.table;
    } finally {
      await fetcher.close();
    }
  }

  async #logEnds(): Promise<{readonly earliest: number; readonly latest: number}> {
    const {kafka} = this.#options;
    const {earliest = 0, latest = 0} = (await kafka.admin.offsets([this.#topicPartition]))[0] ?? {};
    return {earliest, latest};
  }

  async #startingOffset(nextOffset: number | undefined): Promise<number> {
    const {source} = this.#options;
    const {earliest, latest} = await this.#logEnds();
    return startingOffset(source.sink, nextOffset, {...this.#topicPartition, earliest, latest});
  }

  /** Reads and writes at the same time. A failure to read comes up once what was read before it is written. */
  async #transfer(
    fetcher: Fetcher,
    writer: EvolvingWriter,
    batcher: Batcher<SinkEntry>,
    signal: AbortSignal,
  ): Promise<void> {
    const stop = new AbortController();
    const reading = this.#read(fetcher, batcher, AbortSignal.any([signal, stop.signal]));
    try {
      await this.#write(writer, batcher, signal);
    } finally {
      stop.abort();
      this.#room.wake();
      await reading;
    }
  }

  /** Never rejects: a failure is kept for the writer. */
  async #read(fetcher: Fetcher, batcher: Batcher<SinkEntry>, signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted && this.#failure === undefined) {
        if (batcher.isFull) {
          await this.#room.wait();
          continue;
        }
        for (const fetched of await fetcher.poll(IDLE_POLL_MS, signal)) {
          await this.#accept(fetched, batcher);
        }
      }
    } catch (error) {
      this.#failure = {error};
    } finally {
      this.#arrival.wake();
    }
  }

  async #accept(
    {records, position, lastStableOffset}: FetchedPartition,
    batcher: Batcher<SinkEntry>,
  ): Promise<void> {
    const {clock, onProgress} = this.#options;
    this.#lastStableOffset = lastStableOffset;
    const now = clock.now();
    const entries = records.length === 0 ? [] : await this.#options.converter.convert(records);
    this.#add(entries, position, now, batcher);
    this.#arrival.wake();
    if (position === this.#nextOffset) onProgress(0);
    // Answers from memory must not keep others from their turn until a batch is full.
    if (records.length > 0) await clock.yield();
  }

  /** Under `errors.tolerance: none` an unreadable record is the end, which comes without delay; the writer gets it, too. */
  #add(
    entries: readonly SinkEntry[],
    position: number,
    now: number,
    batcher: Batcher<SinkEntry>,
  ): void {
    const {tolerance, source} = this.#options;
    const bad =
      tolerance === 'none' ? entries.find((entry) => entry.kind === 'unreadable') : undefined;
    if (bad === undefined) {
      batcher.add(entries, position, now);
      return;
    }
    batcher.add(entries.slice(0, entries.indexOf(bad) + 1), bad.offset + 1, now);
    this.#failure = {error: badRecordError(source, bad.offset, bad.side, bad.error)};
  }

  async #write(
    writer: EvolvingWriter,
    batcher: Batcher<SinkEntry>,
    signal: AbortSignal,
  ): Promise<void> {
    const {clock, metrics, source} = this.#options;
    const {topic} = source;
    while (!signal.aborted) {
      const dueIn = batcher.dueIn(clock.now());
      if (dueIn === undefined && this.#failure !== undefined) throw this.#failure.error;
      if (dueIn === undefined) {
        await this.#arrival.wait();
      } else if (dueIn > 0 && this.#failure === undefined) {
        await this.#arrival.waitFor(dueIn, clock);
      } else {
        const batch = batcher.take();
        this.#room.wake();
        this.#writingSince = clock.now();
        const start = clock.nowMicros();
        await writer.write(batch);
        this.#writingSince = undefined;
        const seconds = (clock.nowMicros() - start) / 1e6;
        metrics.observe('millrace_sink_put_batch_seconds', {sink: source.sink, topic}, seconds);
      }
    }
  }

  #onWritten(nextOffset: number, rows: number): void {
    this.#nextOffset = nextOffset;
    this.#rowsWritten += rows;
    this.#writingSince = this.#options.clock.now();
    this.#options.onProgress(rows);
  }
}
