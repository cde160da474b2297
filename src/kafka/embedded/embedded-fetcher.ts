import type {Clock} from '../../common/clock.ts';
import type {FetchedPartition, Fetcher, FetcherOptions, TopicPartition} from '../client.ts';
import type {LogReader, LogSlice} from './log-reader.ts';
import {offsetOutOfRange} from './log-reader.ts';
import type {PartitionLog} from './partition-log.ts';
import {topicMissing} from './topic-table.ts';
import type {TopicTable} from './topic-table.ts';

/** As Kafka's `max.partition.fetch.bytes`. */
const DEFAULT_PARTITION_BYTES = 1 << 20;

/** Most bytes of one answer over all partitions, unless one partition alone may have more. */
const MAX_POLL_BYTES = 8 << 20;

interface Assigned {
  readonly partition: TopicPartition;
  readonly log: PartitionLog | undefined;
  position: number;
  paused: boolean;
  /** What the last answer said; -1 before the first. */
  seenEnd: number;
  seenStable: number;
}

/** One partition's share of an answer, as of one instant. */
interface Reading {
  readonly assigned: Assigned;
  readonly log: PartitionLog;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly slice: LogSlice | Promise<LogSlice>;
}

/** Reads the log in process; each answer shows all its partitions as of one instant. */
export class EmbeddedFetcher implements Fetcher {
  readonly #topics: TopicTable;
  readonly #reader: LogReader;
  readonly #clock: Clock;
  readonly #committedOnly: boolean;
  readonly #partitionBytes: number;
  readonly #headers: boolean;
  readonly #assigned = new Map<string, Assigned>();
  #tick = 0;
  #turn = 0;
  #closed = false;
  #wake: () => void = () => undefined;

  constructor(topics: TopicTable, reader: LogReader, clock: Clock, options: FetcherOptions) {
    this.#topics = topics;
    this.#reader = reader;
    this.#clock = clock;
    this.#committedOnly = options.isolation === 'read_committed';
    this.#partitionBytes = options.maxPartitionBytes ?? DEFAULT_PARTITION_BYTES;
    this.#headers = options.headers ?? true;
  }

  assign(partition: TopicPartition, offset: number): void {
    this.#assigned.set(keyOf(partition), {
      partition,
      log: this.#topics.find(partition),
      position: offset,
      paused: false,
      seenEnd: -1,
      seenStable: -1,
    });
    this.#wake();
  }

  unassign(partition: TopicPartition): void {
    this.#assigned.delete(keyOf(partition));
  }

  pause(partition: TopicPartition): void {
    const assigned = this.#assigned.get(keyOf(partition));
    if (assigned !== undefined) assigned.paused = true;
  }

  resume(partition: TopicPartition): void {
    const assigned = this.#assigned.get(keyOf(partition));
    if (assigned !== undefined) assigned.paused = false;
    this.#wake();
  }

  position(partition: TopicPartition): number | undefined {
    return this.#assigned.get(keyOf(partition))?.position;
  }

  async poll(maxWaitMs: number, signal?: AbortSignal): Promise<readonly FetchedPartition[]> {
    if (!this.#hasNews()) await this.#waitForNews(maxWaitMs, signal);
    if (this.#closed || signal?.aborted === true) return [];
    const arrivedAt = ++this.#tick;
    const readings = this.#read();
    const answer: FetchedPartition[] = [];
    for (const {assigned, log, highWatermark, lastStableOffset, slice} of readings) {
      const {records, position} = slice instanceof Promise ? await slice : slice;
      if (this.#assigned.get(keyOf(assigned.partition)) !== assigned) continue;
      assigned.position = position;
      assigned.seenEnd = highWatermark;
      assigned.seenStable = lastStableOffset;
      const {topic, partition} = assigned.partition;
      if (log.deleted) throw topicMissing(topic, partition);
      answer.push({
        topic,
        partition,
        records,
        position,
        highWatermark,
        lastStableOffset,
        sentAt: arrivedAt,
        arrivedAt,
      });
    }
    return answer;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#assigned.clear();
    this.#wake();
  }

  /** Reads what memory holds and starts reading the rest, everything as of now; fair in turns when it is too much. */
  #read(): Reading[] {
    const active = [...this.#assigned.values()].filter(({paused}) => !paused);
    const readings: Reading[] = [];
    let budget = Math.max(MAX_POLL_BYTES, this.#partitionBytes);
    const first = active.length === 0 ? 0 : this.#turn++ % active.length;
    for (let i = 0; i < active.length; i++) {
      const assigned = active[(first + i) % active.length] as Assigned;
      const log = existing(assigned);
      const {position} = assigned;
      const highWatermark = log.endOffset;
      const lastStableOffset = log.lastStableOffset;
      if (position > highWatermark) throw offsetOutOfRange(log, position);
      const limit = this.#committedOnly ? lastStableOffset : highWatermark;
      const slice: Reading['slice'] =
        budget > 0
          ? this.#reader.read(log, {
              offset: position,
              limit,
              maxBytes: Math.min(budget, this.#partitionBytes),
              headers: this.#headers,
            })
          : {records: [], position, bytes: 0};
      // What the journal will answer is not known yet; it is at most about this.
      const bytes = slice instanceof Promise ? this.#partitionBytes : slice.bytes;
      budget -= bytes;
      // Read one after the other below; a failure must not count as unhandled before its turn.
      if (slice instanceof Promise) slice.catch(() => undefined);
      readings.push({assigned, log, highWatermark, lastStableOffset, slice});
    }
    return readings;
  }

  #hasNews(): boolean {
    if (this.#closed) return true;
    for (const assigned of this.#assigned.values()) {
      if (assigned.paused) continue;
      const {log} = assigned;
      if (log === undefined || log.deleted || assigned.seenEnd !== log.endOffset) return true;
      if (assigned.seenStable !== log.lastStableOffset) return true;
      if (assigned.position < (this.#committedOnly ? assigned.seenStable : assigned.seenEnd)) {
        return true;
      }
    }
    return false;
  }

  #waitForNews(maxWaitMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#wake = () => undefined;
        for (const {log} of this.#assigned.values()) log?.waiting.delete(wake);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const wake = (): void => {
        if (this.#hasNews()) end();
        else this.#listen(wake);
      };
      const cancel = this.#clock.after(maxWaitMs, end);
      signal?.addEventListener('abort', end, {once: true});
      this.#wake = wake;
      this.#listen(wake);
    });
  }

  #listen(wake: () => void): void {
    for (const {log, paused} of this.#assigned.values()) if (!paused) log?.waiting.add(wake);
  }
}

function existing({log, partition}: Assigned): PartitionLog {
  if (log === undefined || log.deleted) throw topicMissing(partition.topic, partition.partition);
  return log;
}

function keyOf({topic, partition}: TopicPartition): string {
  return `${topic}/${partition}`;
}
