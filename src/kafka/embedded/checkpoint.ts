import {FatalError} from '../../common/errors.ts';
import type {GroupOffsetRecord} from './group-offsets.ts';
import {GroupOffsets} from './group-offsets.ts';
import type {JournalPosition} from './journal.ts';
import type {EntryTrailer, StoredBatch, TopicRecord} from './journal-entry.ts';
import type {LogIndex} from './log-index.ts';
import type {LogStore} from './log-store.ts';
import {LogBatch} from './partition-log.ts';
import type {PartitionLog} from './partition-log.ts';
import {TopicTable} from './topic-table.ts';

/** Of the log's files, the batches in the journal included. */
const FORMAT = 2;

/** A batch that the journal holds and the index not yet: it belongs to an open transaction or stands behind one. */
interface PendingBatch {
  readonly topic: number;
  readonly partition: number;
  readonly stored: StoredBatch;
  /** Number of its open transaction; null when it is committed. */
  readonly transaction: number | null;
}

/** The state of the log as of `end`, but for what the index knows besides. As JSON it is the index's checkpoint. */
export interface Checkpoint {
  readonly format: typeof FORMAT;
  readonly end: JournalPosition;
  readonly nextTopicNumber: number;
  readonly topics: readonly TopicRecord[];
  /** Numbers and partition counts. */
  readonly deletedTopics: readonly (readonly [number, number])[];
  readonly ends: readonly (readonly [topic: number, partition: number, offset: number])[];
  readonly groupOffsets: readonly GroupOffsetRecord[];
  readonly pending: readonly PendingBatch[];
}

/** What is rebuilt when the log is opened. */
export interface RecoveredState {
  readonly topics: TopicTable;
  readonly groupOffsets: GroupOffsets;
  readonly deletedTopics: Map<number, number>;
  readonly end: JournalPosition;
}

/** The present state, and the batches to index with it. */
export function takeCheckpoint(store: LogStore): {checkpoint: Checkpoint; indexed: LogBatch[]} {
  const ends: [number, number, number][] = [];
  const indexed: LogBatch[] = [];
  const pending: PendingBatch[] = [];
  for (const log of store.topics.logs()) {
    const ready = log.unindexed();
    indexed.push(...ready);
    ends.push([log.topic.number, log.partition, log.endOffset]);
    const known = new Set(ready);
    for (const batch of log.batches) {
      if (batch.indexed || batch.stored === null || known.has(batch)) continue;
      pending.push({
        topic: log.topic.number,
        partition: log.partition,
        stored: batch.stored,
        transaction: (batch.owner as {number: number} | null)?.number ?? null,
      });
    }
  }
  const checkpoint: Checkpoint = {
    format: FORMAT,
    end: store.journal.end,
    nextTopicNumber: store.topics.nextNumber,
    topics: store.topics.topics(),
    deletedTopics: [...store.deletedTopics],
    ends,
    groupOffsets: store.groupOffsets.records(),
    pending,
  };
  return {checkpoint, indexed};
}

/** Rebuilds the state from the checkpoint and the journal's entries after it. */
export class Recovery implements RecoveredState {
  readonly topics = new TopicTable();
  readonly groupOffsets = new GroupOffsets();
  readonly deletedTopics = new Map<number, number>();
  end: JournalPosition = {sequence: 0, segment: 1, position: 0};
  /** Owners of spilled batches by transaction number. */
  readonly #open = new Map<number, {owner: object; logs: Set<PartitionLog>}>();

  /** Starts from the checkpoint. */
  async restore(checkpoint: Checkpoint, index: LogIndex): Promise<void> {
    this.end = checkpoint.end;
    this.topics.reserve(checkpoint.nextTopicNumber);
    for (const [number, partitions] of checkpoint.deletedTopics) {
      this.deletedTopics.set(number, partitions);
    }
    for (const topic of checkpoint.topics) {
      for (const log of this.topics.add(topic)) {
        const key = {topicNumber: topic.number, partition: log.partition};
        log.indexedEnd = await index.end(key);
        Object.assign(log, await index.partition(key));
      }
    }
    for (const [topic, partition, offset] of checkpoint.ends) this.#end(topic, partition, offset);
    for (const record of checkpoint.groupOffsets) this.#groupOffset(record);
    for (const {topic, partition, stored, transaction} of checkpoint.pending) {
      this.#insert(topic, partition, stored, transaction ?? undefined);
    }
  }

  apply(entry: {
    trailer: EntryTrailer;
    stored: readonly StoredBatch[];
    end: JournalPosition;
  }): void {
    const {trailer, stored, end} = entry;
    this.end = end;
    // Each run numbers its transactions from 1.
    if (trailer.restarted === true) this.abortOpen();
    for (const topic of trailer.createdTopics ?? []) {
      // The checkpoint may have it already: a topic exists from the moment when its creation begins.
      if (this.topics.findByNumber(topic.number, 0) === undefined) this.topics.add(topic);
    }
    if (trailer.cleaned !== true) {
      for (const [i, [topic, partition]] of trailer.batches.entries()) {
        this.#insert(topic, partition, stored[i] as StoredBatch, trailer.spilled);
      }
    }
    for (const [topic, partition, offset] of trailer.ends ?? []) {
      this.#end(topic, partition, offset);
    }
    if (trailer.committed !== undefined) this.#finish(trailer.committed, true);
    if (trailer.aborted !== undefined) this.#finish(trailer.aborted, false);
    for (const record of trailer.groupOffsets ?? []) this.#groupOffset(record);
    for (const groupId of trailer.deletedGroups ?? []) this.groupOffsets.removeGroup(groupId);
    for (const number of trailer.deletedTopics ?? []) {
      const topic = this.topics.findByNumber(number, 0)?.topic;
      if (topic === undefined) continue;
      this.topics.remove(number);
      this.groupOffsets.removeTopic(number);
      this.deletedTopics.set(number, topic.partitions);
    }
  }

  /** Whether the process died within transactions of which the journal holds records. */
  get hasOpenTransactions(): boolean {
    return this.#open.size > 0;
  }

  /** Aborts the transactions that were open when the process died. */
  abortOpen(): void {
    for (const number of this.#open.keys()) this.#finish(number, false);
  }

  #insert(
    topic: number,
    partition: number,
    stored: StoredBatch,
    transaction: number | undefined,
  ): void {
    const log = this.topics.findByNumber(topic, partition);
    if (log === undefined) return;
    let owner: object | null = null;
    if (transaction !== undefined) {
      let open = this.#open.get(transaction);
      if (open === undefined) {
        open = {owner: {number: transaction}, logs: new Set()};
        this.#open.set(transaction, open);
      }
      open.logs.add(log);
      ({owner} = open);
    }
    const {baseOffset, nextOffset, appendTime} = stored;
    const batch = new LogBatch(log, {
      baseOffset,
      nextOffset,
      appendTime,
      owner,
      body: null,
      stored,
    });
    log.insert(batch);
  }

  #finish(transaction: number, committed: boolean): void {
    const open = this.#open.get(transaction);
    if (open === undefined) return;
    this.#open.delete(transaction);
    for (const log of open.logs) {
      if (!committed) log.removeBatches(open.owner);
      for (const batch of log.batches) if (batch.owner === open.owner) batch.owner = null;
      log.release(open.owner);
    }
  }

  #end(topic: number, partition: number, offset: number): void {
    const log = this.topics.findByNumber(topic, partition);
    if (log !== undefined && log.endOffset < offset) log.endOffset = offset;
  }

  #groupOffset([groupId, topic, partition, offset]: GroupOffsetRecord): void {
    const log = this.topics.findByNumber(topic, partition);
    if (log !== undefined) this.groupOffsets.set({groupId, log, offset});
  }
}

/** @throws FatalError KAFKA_LOG_CORRUPTED when the stored checkpoint is none that this version can read. */
export function asCheckpoint(value: unknown, directory: string): Checkpoint {
  const checkpoint = value as Partial<Checkpoint>;
  if (checkpoint.format === FORMAT) return checkpoint as Checkpoint;
  throw new FatalError(
    'KAFKA_LOG_CORRUPTED',
    `${directory} has format ${String(checkpoint.format)}, which this version cannot read: start the version that wrote it, or delete the directory to start over from the sources`,
  );
}
