import {checksum} from './record-batch.ts';

/** One entry of the journal but for its record batches: what it changes, all at once. */
export interface JournalChange {
  /** Batches of this open transaction, ahead of its end; its number is unique in one run. */
  readonly spilled?: number;
  /** The batches of this entry, and what the transaction of this number spilled, are committed. */
  readonly committed?: number;
  /** What the transaction of this number spilled is void. */
  readonly aborted?: number;
  /** The transactions that are open here are void: the process that they belonged to is gone. */
  readonly restarted?: true;
  /** The batches of this entry replace older ones; the index says which. */
  readonly cleaned?: true;
  /** Where partitions end from now on: topic number, partition, offset. */
  readonly ends?: readonly (readonly [topic: number, partition: number, offset: number])[];
  /** Committed group offsets: group, topic number, partition, offset. */
  readonly groupOffsets?: readonly (readonly [string, number, number, number])[];
  /** Groups that are forgotten with all they had committed. */
  readonly deletedGroups?: readonly string[];
  readonly createdTopics?: readonly TopicRecord[];
  /** Numbers of deleted topics. */
  readonly deletedTopics?: readonly number[];
}

/** A topic as it is persisted. */
export interface TopicRecord {
  /** Names the topic within the log; never used twice. */
  readonly number: number;
  readonly name: string;
  readonly topicId: string;
  readonly partitions: number;
  readonly cleanupPolicy: 'delete' | 'compact';
  readonly retentionMs: number;
}

/** Where an encoded batch stands and what is in it. */
export interface StoredBatch {
  readonly baseOffset: number;
  /** The first offset after the batch; its last records may be gone by compaction. */
  readonly nextOffset: number;
  readonly segment: number;
  /** Bytes from the start of the segment's file. */
  readonly position: number;
  readonly length: number;
  readonly checksum: number;
  /** When it was written; what compaction merges keeps the latest. */
  readonly appendTime: number;
}

/** A batch as an entry lists it; its bytes stand in the entry's body in the same order. */
export type BatchRecord = readonly [
  topic: number,
  partition: number,
  baseOffset: number,
  nextOffset: number,
  length: number,
  checksum: number,
  appendTime: number,
];

/** The last part of an entry. */
export interface EntryTrailer extends JournalChange {
  /** Under `sync`: the entries up to this sequence number had reached the disk before this one was written. */
  readonly durable?: number;
  readonly batches: readonly BatchRecord[];
}

/**
 * An entry is a header, the batches, and the trailer as JSON. The header, little-endian: u32 magic, u32 bytes of the
 * batches, u32 bytes of the trailer, u32 checksum of the trailer, f64 sequence number, u32 checksum of these 24 bytes.
 */
export const ENTRY_HEADER_BYTES = 28;
/** What each of them begins with. */
export const MAGIC_BYTES = Buffer.from('MRJ1');
const MAGIC = MAGIC_BYTES.readUInt32LE(0);

export interface EntryHeader {
  readonly bodyBytes: number;
  readonly trailerBytes: number;
  readonly trailerChecksum: number;
  readonly sequence: number;
}

export function writeEntryHeader(target: Buffer, at: number, header: EntryHeader): void {
  target.writeUInt32LE(MAGIC, at);
  target.writeUInt32LE(header.bodyBytes, at + 4);
  target.writeUInt32LE(header.trailerBytes, at + 8);
  target.writeUInt32LE(header.trailerChecksum, at + 12);
  target.writeDoubleLE(header.sequence, at + 16);
  target.writeUInt32LE(checksum(target.subarray(at, at + 24)), at + 24);
}

/** The header that stands at the start of `bytes`; undefined when these are not one. */
export function readEntryHeader(bytes: Buffer): EntryHeader | undefined {
  if (bytes.length < ENTRY_HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  if (checksum(bytes.subarray(0, 24)) !== bytes.readUInt32LE(24)) return undefined;
  return {
    bodyBytes: bytes.readUInt32LE(4),
    trailerBytes: bytes.readUInt32LE(8),
    trailerChecksum: bytes.readUInt32LE(12),
    sequence: bytes.readDoubleLE(16),
  };
}
