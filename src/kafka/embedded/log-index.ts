import type {Level} from 'level';
import type {StoredBatch} from './journal-entry.ts';
import {openLogDatabase} from './log-database.ts';

/** Where a partition's log starts and how far it is compacted. */
export interface PartitionState {
  readonly logStartOffset: number;
  /** Below: each key once at most. */
  readonly cleanedOffset: number;
  readonly cleanBytes: number;
  /** Bytes of indexed batches at or above `cleanedOffset`. */
  readonly dirtyBytes: number;
}

export interface PartitionKey {
  readonly topicNumber: number;
  readonly partition: number;
}

/** Changes to the index; applied all at once, so it always agrees with itself. */
export interface IndexChange {
  readonly add?: readonly (PartitionKey & {readonly batch: StoredBatch})[];
  readonly remove?: readonly (PartitionKey & {readonly batch: StoredBatch})[];
  readonly partitions?: readonly (PartitionKey & {readonly state: PartitionState})[];
  readonly removePartitions?: readonly PartitionKey[];
  /** Replaces the checkpoint. */
  readonly checkpoint?: object;
}

const CHECKPOINT = Buffer.from('c');
const BATCH = 0x69; // i
const PARTITION = 0x70; // p
const SEGMENT = 0x73; // s
const BATCH_KEY_BYTES = 15;
const BATCH_VALUE_BYTES = 36;

/**
 * The LevelDB that says where the batches of a partition stand, keyed by their last offset, for the part of the journal
 * before the checkpoint. Also counts for each segment the bytes that it refers to: one with none can be deleted.
 */
export class LogIndex {
  readonly #db: Level<Buffer, Buffer>;
  readonly #liveBytes = new Map<number, number>();

  private constructor(db: Level<Buffer, Buffer>) {
    this.#db = db;
  }

  /** @throws FatalError DATA_DIR_UNUSABLE when another process has it open, or it cannot be opened at all. */
  static async open(directory: string): Promise<LogIndex> {
    const db = await openLogDatabase(directory);
    const index = new LogIndex(db);
    for await (const [key, value] of db.iterator({
      gte: segmentKey(0),
      lte: segmentKey(2 ** 32 - 1),
    })) {
      index.#liveBytes.set(key.readUInt32BE(1), value.readDoubleLE(0));
    }
    return index;
  }

  async checkpoint(): Promise<unknown> {
    const value = await this.#db.get(CHECKPOINT);
    return value === undefined ? undefined : JSON.parse(value.toString());
  }

  async partition({topicNumber, partition}: PartitionKey): Promise<PartitionState | undefined> {
    const value = await this.#db.get(partitionKey(topicNumber, partition));
    return value === undefined ? undefined : (JSON.parse(value.toString()) as PartitionState);
  }

  /** The batches that hold offsets of `[from, to)`, in order, until their bytes exceed `maxBytes`. */
  async batches(
    {topicNumber, partition}: PartitionKey,
    from: number,
    to: number,
    maxBytes: number,
  ): Promise<StoredBatch[]> {
    const batches: StoredBatch[] = [];
    let bytes = 0;
    const iterator = this.#db.iterator({
      gte: batchKey(topicNumber, partition, from),
      lte: batchKey(topicNumber, partition, LAST_OFFSET),
    });
    try {
      // Small slices first: most readers want few batches, and a slice is read ahead whole.
      for (let size = 8; ; size = 100) {
        const entries = await iterator.nextv(size);
        if (entries.length === 0) return batches;
        for (const [key, value] of entries) {
          const batch = decodeBatchEntry(key, value);
          if (batch.baseOffset >= to || bytes > maxBytes) return batches;
          batches.push(batch);
          bytes += batch.length;
        }
      }
    } finally {
      await iterator.close();
    }
  }

  /** The end of the last indexed batch; 0 when there is none. */
  async end({topicNumber, partition}: PartitionKey): Promise<number> {
    const keys = this.#db.keys({
      gte: batchKey(topicNumber, partition, 0),
      lte: batchKey(topicNumber, partition, LAST_OFFSET),
      reverse: true,
      limit: 1,
    });
    const [key] = await keys.all();
    return key === undefined ? 0 : key.readUIntBE(9, 6) + 1;
  }

  async apply(change: IndexChange): Promise<void> {
    // A third of what an array of operations costs, which would keep everybody waiting: there may be thousands.
    const operations = this.#db.batch();
    const touched = new Map<number, number>();
    const count = ({segment}: StoredBatch, bytes: number): void => {
      const live = touched.get(segment) ?? this.#liveBytes.get(segment) ?? 0;
      touched.set(segment, live + bytes);
    };
    for (const {topicNumber, partition, batch} of change.remove ?? []) {
      operations.del(batchKey(topicNumber, partition, batch.nextOffset - 1));
      count(batch, -batch.length);
    }
    for (const {topicNumber, partition, batch} of change.add ?? []) {
      const key = batchKey(topicNumber, partition, batch.nextOffset - 1);
      operations.put(key, encodeBatchEntry(batch));
      count(batch, batch.length);
    }
    for (const {topicNumber, partition, state} of change.partitions ?? []) {
      operations.put(partitionKey(topicNumber, partition), json(state));
    }
    for (const {topicNumber, partition} of change.removePartitions ?? []) {
      operations.del(partitionKey(topicNumber, partition));
    }
    for (const [segment, bytes] of touched) {
      const value = Buffer.alloc(8);
      value.writeDoubleLE(bytes, 0);
      operations.put(segmentKey(segment), value);
    }
    if (change.checkpoint !== undefined) operations.put(CHECKPOINT, json(change.checkpoint));
    // Segments are deleted on the strength of it, and in a power cut LevelDB loses what it has not synced.
    await operations.write({sync: true});
    for (const [segment, bytes] of touched) this.#liveBytes.set(segment, bytes);
  }

  /** Bytes of the segment that the index refers to. */
  liveBytes(segment: number): number {
    return this.#liveBytes.get(segment) ?? 0;
  }

  /** Drops the count of a segment that is deleted. */
  async forgetSegment(segment: number): Promise<void> {
    await this.#db.del(segmentKey(segment), {sync: true});
    this.#liveBytes.delete(segment);
  }

  close(): Promise<void> {
    return this.#db.close();
  }
}

const LAST_OFFSET = 2 ** 48 - 1;

function batchKey(topicNumber: number, partition: number, lastOffset: number): Buffer {
  const key = Buffer.allocUnsafe(BATCH_KEY_BYTES);
  key[0] = BATCH;
  key.writeUInt32BE(topicNumber, 1);
  key.writeUInt32BE(partition, 5);
  key.writeUIntBE(lastOffset, 9, 6);
  return key;
}

function partitionKey(topicNumber: number, partition: number): Buffer {
  const key = Buffer.allocUnsafe(9);
  key[0] = PARTITION;
  key.writeUInt32BE(topicNumber, 1);
  key.writeUInt32BE(partition, 5);
  return key;
}

function segmentKey(segment: number): Buffer {
  const key = Buffer.allocUnsafe(5);
  key[0] = SEGMENT;
  key.writeUInt32BE(segment, 1);
  return key;
}

function encodeBatchEntry(batch: StoredBatch): Buffer {
  const value = Buffer.allocUnsafe(BATCH_VALUE_BYTES);
  value.writeDoubleLE(batch.baseOffset, 0);
  value.writeUInt32LE(batch.segment, 8);
  value.writeDoubleLE(batch.position, 12);
  value.writeUInt32LE(batch.length, 20);
  value.writeUInt32LE(batch.checksum, 24);
  value.writeDoubleLE(batch.appendTime, 28);
  return value;
}

function decodeBatchEntry(key: Buffer, value: Buffer): StoredBatch {
  return {
    baseOffset: value.readDoubleLE(0),
    nextOffset: key.readUIntBE(9, 6) + 1,
    segment: value.readUInt32LE(8),
    position: value.readDoubleLE(12),
    length: value.readUInt32LE(20),
    checksum: value.readUInt32LE(24),
    appendTime: value.readDoubleLE(28),
  };
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
