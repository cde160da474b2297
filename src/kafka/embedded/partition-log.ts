import type {StoredBatch, TopicRecord} from './journal-entry.ts';
import type {PartitionState} from './log-index.ts';
import type {BatchBody} from './record-batch.ts';

/** Whose batches become visible together. Compared by identity. */
export type BatchOwner = object;

/** What a batch is made with. */
export interface NewBatch {
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly body: BatchBody | null;
  /** The open transaction that it belongs to; null when committed. */
  readonly owner: BatchOwner | null;
  readonly appendTime: number;
  readonly stored: StoredBatch | null;
}

/** A batch that memory knows: not indexed yet, or its records are kept for readers that keep up. */
export class LogBatch {
  readonly log: PartitionLog;
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly appendTime: number;
  /** About how many bytes its records have. */
  readonly bytes: number;
  /** Null once only the journal holds it. */
  body: BatchBody | null;
  owner: BatchOwner | null;
  /** Where the journal holds it; null before. */
  stored: StoredBatch | null;
  indexed = false;

  constructor(
    log: PartitionLog,
    {baseOffset, nextOffset, body, owner, appendTime, stored}: NewBatch,
  ) {
    this.log = log;
    this.baseOffset = baseOffset;
    this.nextOffset = nextOffset;
    this.appendTime = appendTime;
    this.bytes = body?.bytes ?? stored?.length ?? 0;
    this.body = body;
    this.owner = owner;
    this.stored = stored;
  }

  get topicNumber(): number {
    return this.log.topic.number;
  }

  get partition(): number {
    return this.log.partition;
  }
}

/**
 * One partition: its offsets, its open transactions, and its batches since the last checkpoint.
 *
 * Markers and aborted records are offsets without a record, so readers jump over them as over compacted ones. Batches
 * below `indexedEnd` are found through the index, as far as they are no longer here.
 */
export class PartitionLog {
  readonly topic: TopicRecord;
  readonly partition: number;
  logStartOffset = 0;
  /** The next offset to give out: the high watermark. */
  endOffset = 0;
  indexedEnd = 0;
  cleanedOffset = 0;
  /** Records before it have been read by all who ever will. */
  deletableBefore = 0;
  cleanBytes = 0;
  dirtyBytes = 0;
  deleted = false;
  /** Called, each once, when the log has grown or its last stable offset has moved. */
  readonly waiting = new Set<() => void>();
  readonly #firstOffsets = new Map<BatchOwner, number>();
  #batches: LogBatch[] = [];

  constructor(topic: TopicRecord, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  get name(): string {
    return `${this.topic.name}-${this.partition}`;
  }

  /** End of what read_committed may see. */
  get lastStableOffset(): number {
    let offset = this.endOffset;
    for (const first of this.#firstOffsets.values()) if (first < offset) offset = first;
    return offset;
  }

  /** The batches in memory, in offset order. */
  get batches(): readonly LogBatch[] {
    return this.#batches;
  }

  /** Gives the records offsets and makes them readable as uncommitted, each body as a batch; returns those. */
  append(bodies: readonly BatchBody[], owner: BatchOwner, appendTime: number): LogBatch[] {
    if (!this.#firstOffsets.has(owner)) this.#firstOffsets.set(owner, this.endOffset);
    return bodies.map((body) => {
      const baseOffset = this.endOffset;
      const nextOffset = baseOffset + body.count;
      this.endOffset = nextOffset;
      const batch = new LogBatch(this, {
        baseOffset,
        nextOffset,
        body,
        owner,
        appendTime,
        stored: null,
      });
      this.#batches.push(batch);
      return batch;
    });
  }

  /** Takes an offset for the marker that ends the owner's transaction here. */
  appendMarker(): number {
    return ++this.endOffset;
  }

  /** Takes over a batch that the journal holds, at the place of its offsets. */
  insert(batch: LogBatch): void {
    let at = this.#batches.length;
    while (at > 0 && (this.#batches[at - 1] as LogBatch).baseOffset > batch.baseOffset) at--;
    this.#batches.splice(at, 0, batch);
    if (batch.nextOffset > this.endOffset) this.endOffset = batch.nextOffset;
    if (batch.owner === null) return;
    const first = this.#firstOffsets.get(batch.owner);
    if (first === undefined || first > batch.baseOffset) {
      this.#firstOffsets.set(batch.owner, batch.baseOffset);
    }
  }

  /** The owner's transaction is over; the last stable offset may move on. */
  release(owner: BatchOwner): void {
    this.#firstOffsets.delete(owner);
  }

  /** Takes the owner's batches out of the log. */
  removeBatches(owner: BatchOwner): void {
    this.#batches = this.#batches.filter((batch) => batch.owner !== owner);
  }

  /** Committed batches in a row up to the last stable offset that the index does not know yet. */
  unindexed(): LogBatch[] {
    const stable = this.lastStableOffset;
    const found: LogBatch[] = [];
    for (const batch of this.#batches) {
      // A batch whose commit is being written counts as open: its owner has not been released.
      if (batch.nextOffset > stable || batch.stored === null) break;
      if (!batch.indexed) found.push(batch);
    }
    return found;
  }

  /** Forgets the batches at the front that are indexed and whose records are not kept. */
  trim(): void {
    let count = 0;
    for (const batch of this.#batches) {
      if (!batch.indexed || batch.body !== null) break;
      count++;
    }
    if (count > 0) this.#batches.splice(0, count);
  }

  /** Forgets the indexed batches at the front that end at or before `offset`, also those whose records are kept. */
  forget(offset: number): void {
    let count = 0;
    for (const batch of this.#batches) {
      if (!batch.indexed || batch.nextOffset > offset) break;
      count++;
    }
    if (count > 0) this.#batches.splice(0, count);
  }

  /** What the index keeps of it. */
  state(): PartitionState {
    const {logStartOffset, cleanedOffset, cleanBytes, dirtyBytes} = this;
    return {logStartOffset, cleanedOffset, cleanBytes, dirtyBytes};
  }

  /** Position in `batches` of the first that ends after `offset`. */
  search(offset: number): number {
    let low = 0;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#batches[middle] as LogBatch).nextOffset > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Wakes whoever waits for this partition. */
  notify(): void {
    if (this.waiting.size === 0) return;
    const callbacks = [...this.waiting];
    this.waiting.clear();
    for (const callback of callbacks) callback();
  }
}
