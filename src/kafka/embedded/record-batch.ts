import {crc32} from 'node:zlib';
import {putValue, valueSize} from '../../common/deferred-header.ts';
import {putBytes} from '../../common/put-bytes.ts';
import {putVarint, unzigzag, zigzag} from '../../common/unsigned-varint.ts';
import type {ConsumedRecord, ProducerRecord, RecordHeader} from '../client.ts';

/*
 * A batch is, little-endian: u32 record count, u32 position of the header names, f64 timestamp of the first record, the
 * records, the header names. A record is varints: offset minus the one expected, zigzag of the timestamp minus the
 * previous one, key length + 1 (0 is null), value length + 1, number of headers, for each header its name's number and
 * its value's length; then the bytes of the key, the value and the header values.
 */
const PREFIX_BYTES = 16;

/** Most bytes that the varints of a record without headers take: 8 + 9 + 5 + 5 + 5. */
const RECORD_OVERHEAD = 32;

const NO_HEADERS: readonly RecordHeader[] = Object.freeze([]);

/** Most bytes that this record takes within an encoded batch. */
export function encodedBound(record: ProducerRecord): number {
  let bytes = RECORD_OVERHEAD;
  if (record.key !== null) bytes += record.key.length;
  if (record.value !== null) bytes += record.value.length;
  const headers = record.headers;
  for (let i = 0; i < headers.length; i++) {
    const header = headers[i] as RecordHeader;
    bytes += valueSize(header) + 15 + header.key.length * 3;
  }
  return bytes;
}

/** Most bytes that an encoded batch takes besides its records. */
export const batchOverhead = PREFIX_BYTES + 5;

/**
 * Writes the records, which stand in ascending offset order from `baseOffset`, at `start` and returns where they end.
 * The caller has made room for `batchOverhead` and the records' `encodedBound`.
 */
export function encodeBatch(
  target: Buffer,
  start: number,
  records: readonly ConsumedRecord[],
  baseOffset: number,
): number {
  let at = start + PREFIX_BYTES;
  let expected = baseOffset;
  const names: string[] = [];
  const first = (records[0] as ConsumedRecord).timestamp;
  let timestamp = first;
  for (let i = 0; i < records.length; i++) {
    const record = records[i] as ConsumedRecord;
    const {key, value, headers} = record;
    at = putVarint(target, at, record.offset - expected);
    expected = record.offset + 1;
    at = putVarint(target, at, zigzag(record.timestamp - timestamp));
    timestamp = record.timestamp;
    at = putVarint(target, at, key === null ? 0 : key.length + 1);
    at = putVarint(target, at, value === null ? 0 : value.length + 1);
    at = putVarint(target, at, headers.length);
    for (let h = 0; h < headers.length; h++) {
      const header = headers[h] as RecordHeader;
      let name = names.indexOf(header.key);
      if (name < 0) name = names.push(header.key) - 1;
      at = putVarint(target, at, name);
      at = putVarint(target, at, valueSize(header));
    }
    if (key !== null) at = putBytes(target, at, key);
    if (value !== null) at = putBytes(target, at, value);
    for (let h = 0; h < headers.length; h++) {
      at = putValue(target, at, headers[h] as RecordHeader);
    }
  }
  target.writeUInt32LE(records.length, start);
  target.writeUInt32LE(at - start, start + 4);
  target.writeDoubleLE(first, start + 8);
  at = putVarint(target, at, names.length);
  for (const name of names) {
    const bytes = Buffer.from(name);
    at = putBytes(target, putVarint(target, at, bytes.length), bytes);
  }
  return at;
}

/** The records of an encoded batch; keys and values are views of `bytes`. */
export function decodeBatch(bytes: Buffer, baseOffset: number): ConsumedRecord[] {
  const cursor = new Cursor(bytes, bytes.readUInt32LE(4));
  const names: string[] = [];
  for (let left = cursor.varint(); left > 0; left--) {
    names.push(cursor.bytes(cursor.varint()).toString());
  }
  const count = bytes.readUInt32LE(0);
  let timestamp = bytes.readDoubleLE(8);
  cursor.at = PREFIX_BYTES;
  let offset = baseOffset;
  const records: ConsumedRecord[] = [];
  for (let i = 0; i < count; i++) {
    offset += cursor.varint();
    timestamp += cursor.zigzag();
    const keyLength = cursor.varint() - 1;
    const valueLength = cursor.varint() - 1;
    const headerCount = cursor.varint();
    const sizes = headerCount === 0 ? undefined : cursor.pairs(headerCount);
    const key = keyLength < 0 ? null : cursor.bytes(keyLength);
    const value = valueLength < 0 ? null : cursor.bytes(valueLength);
    let headers = NO_HEADERS;
    if (sizes !== undefined) {
      const list: RecordHeader[] = [];
      for (let h = 0; h < sizes.length; h += 2) {
        list.push({
          key: names[sizes[h] as number] as string,
          value: cursor.bytes(sizes[h + 1] as number),
        });
      }
      headers = list;
    }
    records.push({key, value, timestamp, headers, offset});
    offset++;
  }
  return records;
}

/** The checksum that tells damaged bytes. */
export function checksum(bytes: Uint8Array): number {
  return crc32(bytes);
}

class Cursor {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  varint(): number {
    let byte = this.#bytes[this.at++] as number;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let factor = 128;
    do {
      byte = this.#bytes[this.at++] as number;
      value += (byte & 0x7f) * factor;
      factor *= 128;
    } while (byte >= 0x80);
    return value;
  }

  zigzag(): number {
    return unzigzag(this.varint());
  }

  pairs(count: number): number[] {
    const values: number[] = [];
    for (let i = 0; i < count; i++) values.push(this.varint(), this.varint());
    return values;
  }

  bytes(length: number): Buffer {
    const from = this.at;
    this.at += length;
    return this.#bytes.subarray(from, this.at);
  }
}
