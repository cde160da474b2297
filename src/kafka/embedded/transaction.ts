import {FatalError} from '../../common/errors.ts';
import type {EncodedProduceBatch, ProduceBatch, ProducedBatch} from '../client.ts';
import {hasNullKey} from '../memory-records/decode-records.ts';
import {isEncoded} from '../memory-records/memory-records.ts';
import type {GroupOffset} from './group-offsets.ts';
import type {JournalEntry} from './journal.ts';
import type {StoredBatch} from './journal-entry.ts';
import type {LogStore} from './log-store.ts';
import type {LogBatch, PartitionLog} from './partition-log.ts';
import {bodiesOf, bodyOf} from './record-batch.ts';
import type {BatchBody} from './record-batch.ts';

/** Records of an open transaction that stay in memory; beyond that they are written ahead of the commit. */
const MAX_UNWRITTEN_BYTES = 4 << 20;
const MAX_UNWRITTEN_BATCHES = 10_000;

/** What one partition gets. */
interface Append {
  readonly log: PartitionLog;
  readonly bodies: readonly BatchBody[];
}

/**
 * One transaction from its first record or offset to its end.
 *
 * Its records can be read as uncommitted as soon as they are appended, but stay in memory until the commit writes them
 * with everything else in one journal entry.
 */
export class Transaction {
  readonly number: number;
  readonly startedAt: number;
  /** Resolves once it is committed or aborted, or its end has failed. */
  readonly ended: Promise<void>;
  state: 'open' | 'ending' | 'committed' | 'aborted' = 'open';
  readonly #store: LogStore;
  readonly #partitions = new Set<PartitionLog>();
  readonly #offsets = new Map<string, Map<PartitionLog, GroupOffset>>();
  readonly #onEnd: () => void;
  #unwritten: LogBatch[] = [];
  #unwrittenBytes = 0;
  #spilled: LogBatch[] = [];
  #resolveEnded: () => void = () => undefined;

  constructor(store: LogStore, number: number, onEnd: () => void) {
    this.#store = store;
    this.number = number;
    this.#onEnd = onEnd;
    this.startedAt = store.clock.now();
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
  }

  /** Appends to the logs; resolves at once unless there is so much that it has to be written now. */
  async append(sent: readonly (ProduceBatch | EncodedProduceBatch)[]): Promise<ProducedBatch[]> {
    const appends = sent.map((batch) => this.#prepare(batch));
    const appendTime = this.#store.clock.now();
    const produced: ProducedBatch[] = [];
    for (const {log, bodies} of appends) {
      const baseOffset = log.endOffset;
      for (const batch of log.append(bodies, this, appendTime)) {
        this.#unwritten.push(batch);
        this.#unwrittenBytes += batch.bytes;
      }
      this.#partitions.add(log);
      const {partition, topic} = log;
      produced.push({topic: topic.name, partition, baseOffset, nextOffset: log.endOffset});
    }
    for (const {log} of appends) log.notify();
    if (
      this.#unwrittenBytes > MAX_UNWRITTEN_BYTES ||
      this.#unwritten.length > MAX_UNWRITTEN_BATCHES
    ) {
      await this.#spill();
    }
    return produced;
  }

  stageOffset(offset: GroupOffset): void {
    let offsets = this.#offsets.get(offset.groupId);
    if (offsets === undefined) this.#offsets.set(offset.groupId, (offsets = new Map()));
    offsets.set(offset.log, offset);
  }

  /** Whether its commit will move what the group has committed for this partition. */
  stages(groupId: string, log: PartitionLog): boolean {
    return this.#offsets.get(groupId)?.has(log) === true;
  }

  /** Makes records and offsets visible, all at once, when they are written. */
  async commit(): Promise<void> {
    this.state = 'ending';
    const batches = this.#takeUnwritten();
    const offsets = [...this.#offsets.values()].flatMap((group) => [...group.values()]);
    if (this.#partitions.size > 0 || offsets.length > 0) {
      const ends = this.#appendMarkers();
      const groupOffsets = offsets.map(
        ({groupId, log, offset}) => [groupId, log.topic.number, log.partition, offset] as const,
      );
      const change = {
        ...(this.#spilled.length > 0 && {committed: this.number}),
        ends,
        ...(groupOffsets.length > 0 && {groupOffsets}),
      };
      const apply = (stored: readonly StoredBatch[]): void => {
        this.#written(batches, stored);
        for (const batch of batches) batch.owner = null;
        for (const batch of this.#spilled) batch.owner = null;
        for (const offset of offsets) {
          if (!offset.log.deleted) this.#store.groupOffsets.set(offset);
        }
        this.#end('committed');
      };
      await this.#writeEnd({change, batches, apply});
    } else {
      this.#end('committed');
    }
  }

  /**
   * Takes its records out of the log. The offsets stay used, also after a crash: a reader may have stepped over them.
   */
  async abort(): Promise<void> {
    this.state = 'ending';
    if (this.#partitions.size === 0) return this.#end('aborted');
    const change = {aborted: this.number, ends: this.#appendMarkers()};
    const apply = (): void => {
      for (const log of this.#partitions) log.removeBatches(this);
      this.#end('aborted');
    };
    await this.#writeEnd({change, batches: [], apply});
  }

  #prepare({topic, partition, records}: ProduceBatch | EncodedProduceBatch): Append {
    const log = this.#store.topics.require({topic, partition});
    const bodies = isEncoded(records) ? records.bodies.map(bodyOf) : bodiesOf(records);
    if (log.topic.cleanupPolicy === 'compact' && bodies.some(hasNullKey)) {
      throw new FatalError(
        'RECORD_UNWRITABLE',
        `${log.name} is compacted, so its records need keys: give the stream a key before it is written to ${topic}`,
      );
    }
    return {log, bodies};
  }

  #appendMarkers(): [number, number, number][] {
    const ends: [number, number, number][] = [];
    for (const log of this.#partitions) {
      ends.push([log.topic.number, log.partition, log.appendMarker()]);
    }
    return ends;
  }

  #takeUnwritten(): LogBatch[] {
    const batches = this.#unwritten.filter(({log}) => !log.deleted);
    this.#unwritten = [];
    this.#unwrittenBytes = 0;
    return batches;
  }

  async #spill(): Promise<void> {
    const batches = this.#takeUnwritten();
    const ends = [...this.#partitions].map(
      (log) => [log.topic.number, log.partition, log.endOffset] as const,
    );
    const apply = (stored: readonly StoredBatch[]): void => {
      this.#written(batches, stored);
      this.#spilled.push(...batches);
    };
    await this.#store.journal.append({change: {spilled: this.number, ends}, batches, apply});
  }

  async #writeEnd(entry: JournalEntry): Promise<void> {
    try {
      await this.#store.journal.append(entry);
    } catch (error) {
      // Whether it is in the journal will be known at the next open; nobody may wait for it until then.
      this.#onEnd();
      this.#resolveEnded();
      throw error;
    }
  }

  #written(batches: readonly LogBatch[], stored: readonly StoredBatch[]): void {
    for (let i = 0; i < batches.length; i++) {
      const batch = batches[i] as LogBatch;
      batch.stored = stored[i] as StoredBatch;
      this.#store.cache.add(batch);
    }
  }

  #end(state: 'committed' | 'aborted'): void {
    this.state = state;
    for (const log of this.#partitions) log.release(this);
    this.#onEnd();
    this.#resolveEnded();
    for (const log of this.#partitions) log.notify();
  }
}
