import type {EncodedProduceBatch, RecordHeader} from '../../kafka/client.ts';
import type {ByteWriter} from '../../kafka/memory-records/byte-writer.ts';
import {MemoryRecordsBuilder} from '../../kafka/memory-records/memory-records-builder.ts';
import type {EventKey} from './event-key.ts';
import type {EventTarget} from './event-topic.ts';

/** Takes the records in the order in which they must stand in their partitions. */
export interface RecordSink {
  /** Begins a record, whose value is then written to what is returned. One that is not ended has never been there. */
  begin(target: EventTarget, timestamp: number, key: EventKey): ByteWriter;
  end(headers: readonly RecordHeader[]): void;
  tombstone(
    target: EventTarget,
    timestamp: number,
    key: EventKey,
    headers: readonly RecordHeader[],
  ): void;
}

export interface CollectedRecords {
  readonly batches: readonly EncodedProduceBatch[];
  /** Change events (tombstones not counted) by `schema.table`. */
  readonly events: ReadonlyMap<string, number>;
}

/** What one partition gets. */
interface TargetRecords {
  readonly target: EventTarget;
  readonly builder: MemoryRecordsBuilder;
  /** Records with a value. */
  events: number;
  markedEvents: number;
  /** Has records behind the mark. */
  isDirty: boolean;
}

/** Encodes records by topic-partition, and keeps them until they are taken, up to a mark. */
export class RecordCollector implements RecordSink {
  /** By the target's id. */
  readonly #targets: TargetRecords[] = [];
  /** With records before the mark, and behind it. */
  readonly #marked = new Set<TargetRecords>();
  #dirty: TargetRecords[] = [];
  #open: TargetRecords | undefined;
  #length = 0;
  #markedLength = 0;
  #bytes = 0;
  #markedBytes = 0;

  begin(target: EventTarget, timestamp: number, key: EventKey): ByteWriter {
    const records = this.#of(target);
    this.#open = records;
    return records.builder.begin(timestamp, key.bytes, key.length);
  }

  end(headers: readonly RecordHeader[]): void {
    const records = this.#open as TargetRecords;
    this.#bytes += records.builder.end(headers);
    records.events++;
    this.#added(records);
  }

  tombstone(
    target: EventTarget,
    timestamp: number,
    key: EventKey,
    headers: readonly RecordHeader[],
  ): void {
    const records = this.#of(target);
    this.#bytes += records.builder.tombstone(timestamp, key.bytes, headers, key.length);
    this.#added(records);
  }

  get length(): number {
    return this.#length;
  }

  /** How many of the records stand before the mark. */
  get marked(): number {
    return this.#markedLength;
  }

  /** Of all records that it holds. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The records so far may be taken. */
  mark(): void {
    for (const records of this.#dirty) {
      records.builder.mark();
      records.markedEvents = records.events;
      records.isDirty = false;
      this.#marked.add(records);
    }
    this.#dirty = [];
    this.#markedLength = this.#length;
    this.#markedBytes = this.#bytes;
  }

  /** The records before the mark; they are gone from here. */
  take(): CollectedRecords {
    const batches: EncodedProduceBatch[] = [];
    const events = new Map<string, number>();
    for (const records of this.#marked) {
      const {target, builder, markedEvents} = records;
      const {topic, partition, table} = target;
      const taken = builder.take();
      if (taken === undefined) continue;
      batches.push({topic, partition, records: taken});
      if (table !== undefined) events.set(table, (events.get(table) ?? 0) + markedEvents);
      records.events -= markedEvents;
      records.markedEvents = 0;
    }
    this.#marked.clear();
    this.#length -= this.#markedLength;
    this.#bytes -= this.#markedBytes;
    this.#markedLength = 0;
    this.#markedBytes = 0;
    return {batches, events};
  }

  #of(target: EventTarget): TargetRecords {
    const known = this.#targets[target.id];
    if (known !== undefined) return known;
    const builder = new MemoryRecordsBuilder();
    const records = {target, builder, events: 0, markedEvents: 0, isDirty: false};
    this.#targets[target.id] = records;
    return records;
  }

  #added(records: TargetRecords): void {
    this.#length++;
    if (records.isDirty) return;
    records.isDirty = true;
    this.#dirty.push(records);
  }
}
