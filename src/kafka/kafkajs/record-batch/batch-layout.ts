import {RECORDS_AT} from '../../memory-records/memory-records.ts';

/*
 * A record batch of magic 2, big-endian: base offset i64, length of what follows i32, partition leader epoch i32, magic i8,
 * CRC-32C of what follows u32, attributes i16, last offset delta i32, first timestamp i64, maximum timestamp i64,
 * producer id i64, producer epoch i16, base sequence i32, record count i32; then the records, which may be compressed.
 */
export const at = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  count: 57,
  records: RECORDS_AT,
} as const;

export const attribute = {
  compression: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
} as const;

export const MAGIC = 2;

/** An int64 without the detour over a bigint; exact to 2^53. */
export function int64At(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position) * 0x100000000 + bytes.readUInt32BE(position + 4);
}
