import {crc32c} from '@node-rs/crc32';
import {messageOf, ServiceError} from '../../../common/errors.ts';
import type {ConsumedRecord, RecordHeader} from '../../client.ts';
import {at, attribute, int64At, MAGIC} from './batch-layout.ts';
import {codecs, compressionTypes} from './compression.ts';
import type {CompressionType} from './compression.ts';
import {RecordBatchError} from './record-batch-error.ts';
import {RecordCursor} from '../../memory-records/record-cursor.ts';

const NO_HEADERS: readonly RecordHeader[] = Object.freeze([]);
const EMPTY = Buffer.alloc(0);
/** Type of the marker that aborts, in a control record's key behind its version. */
const ABORT = 0;
/** Of the decompressed records of one batch: a hundred times what brokers take by default (`max.message.bytes`), compressed. */
const MAX_DECOMPRESSED_BYTES = 256 << 20;

/** A whole batch of an answer, checked against its checksum; its records are read only when they are asked for. */
export class RecordBatch {
  readonly #bytes: Buffer;
  readonly #attributes: number;
  readonly baseOffset: number;
  /** The end of what the batch covers, though compaction may have taken the record that had it. */
  readonly lastOffset: number;
  readonly compression: CompressionType;

  /** @throws RecordBatchError for what does not read as a batch, in spite of its checksum. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#attributes = bytes.readInt16BE(at.attributes);
    this.baseOffset = int64At(bytes, at.baseOffset);
    this.lastOffset = this.baseOffset + bytes.readInt32BE(at.lastOffsetDelta);
    if (this.lastOffset < this.baseOffset || !Number.isSafeInteger(this.lastOffset)) {
      throw this.#corrupt(`its offsets end at ${this.lastOffset}`);
    }
    const codec = this.#attributes & attribute.compression;
    const compression = compressionTypes[codec];
    if (compression === undefined) {
      throw new RecordBatchError(
        'compression',
        this.baseOffset,
        `its compression type is number ${codec}`,
      );
    }
    this.compression = compression;
  }

  /** -1 where the producer is not idempotent. */
  get producerId(): number {
    return int64At(this.#bytes, at.producerId);
  }

  get producerEpoch(): number {
    return this.#bytes.readInt16BE(at.producerEpoch);
  }

  get timestampType(): 'CreateTime' | 'LogAppendTime' {
    return (this.#attributes & attribute.logAppendTime) === 0 ? 'CreateTime' : 'LogAppendTime';
  }

  get isTransactional(): boolean {
    return (this.#attributes & attribute.transactional) !== 0;
  }

  /** It holds the marker that ends a transaction, and no data. */
  get isControl(): boolean {
    return (this.#attributes & attribute.control) !== 0;
  }

  /** Whether its marker, which compaction may have taken, aborts. Of a control batch. */
  get isAbort(): boolean {
    if (!this.isControl || this.count === 0) return false;
    const cursor = this.#cursor();
    cursor.skipRecordStart();
    const key = cursor.nullableBytes();
    if (key === null || key.length < 4) throw this.#corrupt('its marker has no type');
    return key.readInt16BE(2) === ABORT;
  }

  /** How many records it still has. */
  get count(): number {
    return this.#bytes.readInt32BE(at.count);
  }

  /**
   * Appends the records from offset `from` on, without their headers where those are not wanted; none of a control batch. Keys, values and header values are views of the answer, or of
   * the decompressed batch: who keeps one longer than the others copies it. A header without a value gets an empty one, and
   * timestamps are exact to 2^53.
   *
   * @throws RecordBatchError when the bytes are no records in spite of their checksum.
   */
  appendTo(records: ConsumedRecord[], from: number, wantsHeaders = true): void {
    const {baseOffset, lastOffset, count} = this;
    if (count === 0 || this.isControl || lastOffset < from) return;
    const cursor = this.#cursor();
    const hasAppendTime = this.timestampType === 'LogAppendTime';
    const base = int64At(this.#bytes, hasAppendTime ? at.maxTimestamp : at.baseTimestamp);
    let last = baseOffset - 1;
    for (let i = 0; i < count; i++) {
      const end = cursor.recordEnd();
      cursor.at++;
      const timestampDelta = cursor.varint();
      const offset = baseOffset + cursor.varint();
      if (offset <= last || offset > lastOffset) throw this.#corrupt('its offsets do not ascend');
      last = offset;
      if (offset < from) {
        cursor.at = end;
        continue;
      }
      const key = cursor.nullableBytes();
      const value = cursor.nullableBytes();
      const headerCount = cursor.varint();
      let headers = NO_HEADERS;
      if (!wantsHeaders) cursor.at = end;
      else if (headerCount !== 0) headers = this.#readHeaders(cursor, headerCount, end);
      if (cursor.at !== end) throw this.#corrupt('a record does not end where it should');
      const timestamp = hasAppendTime ? base : base + timestampDelta;
      records.push({key, value, timestamp, headers, offset});
    }
    if (!cursor.isAtEnd) throw this.#corrupt(`it holds more than its ${count} records`);
  }

  #readHeaders(cursor: RecordCursor, count: number, end: number): RecordHeader[] {
    // Each takes two bytes at least: no damage makes this a long loop.
    if (count < 0 || count > end - cursor.at) throw this.#corrupt(`a record has ${count} headers`);
    const headers: RecordHeader[] = [];
    for (let i = 0; i < count; i++) {
      const key = cursor.headerName(i);
      headers.push({key, value: cursor.nullableBytes() ?? EMPTY});
    }
    return headers;
  }

  #cursor(): RecordCursor {
    const corrupt = (): RecordBatchError => this.#corrupt('its records end in the middle of one');
    if (this.compression === 'none') return new RecordCursor(this.#bytes, at.records, corrupt);
    return new RecordCursor(this.#decompress(this.compression), 0, corrupt);
  }

  #decompress(compression: Exclude<CompressionType, 'none'>): Buffer {
    let records: Buffer | undefined;
    try {
      const compressed = this.#bytes.subarray(at.records);
      records = codecs[compression].decompress(compressed, MAX_DECOMPRESSED_BYTES);
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      const message = `its records are no ${compression} (${messageOf(error)})`;
      throw new RecordBatchError('corrupt', this.baseOffset, message, {cause: error});
    }
    if (records !== undefined) return records;
    const message = `its records have more than ${MAX_DECOMPRESSED_BYTES} bytes when decompressed`;
    throw new RecordBatchError('size', this.baseOffset, message);
  }

  #corrupt(message: string): RecordBatchError {
    return new RecordBatchError('corrupt', this.baseOffset, message);
  }
}

/**
 * The whole batches of an answer. A broker cuts the last one off at the size that was asked for; that one is left out. An answer
 * with bytes but without batches was too small for its first: ask for more.
 *
 * The checksum does not cover the base offset, which the broker sets; only that it ascends can be checked.
 *
 * @throws RecordBatchError for a batch that is damaged, or of a format that is not read; those before it have been handed out.
 */
export function* recordBatches(bytes: Buffer): Generator<RecordBatch> {
  let start = 0;
  let lastOffset = -1;
  // Message formats 0 and 1 have their magic in the same place, and may be shorter than a header.
  while (start + at.crc <= bytes.length) {
    const baseOffset = int64At(bytes, start + at.baseOffset);
    const magic = bytes.readInt8(start + at.magic);
    if (magic !== MAGIC) {
      throw new RecordBatchError('format', baseOffset, `it has message format ${magic}`);
    }
    const length = bytes.readInt32BE(start + at.length);
    const end = start + at.leaderEpoch + length;
    if (end < start + at.records) {
      throw new RecordBatchError('corrupt', baseOffset, `its length is ${length}`);
    }
    if (end > bytes.length) return;
    const batch = bytes.subarray(start, end);
    if (crc32c(batch.subarray(at.attributes)) !== batch.readUInt32BE(at.crc)) {
      throw new RecordBatchError('corrupt', baseOffset, 'its checksum does not fit');
    }
    const read = new RecordBatch(batch);
    if (baseOffset <= lastOffset) {
      const message = `it follows the one that ends at offset ${lastOffset}`;
      throw new RecordBatchError('corrupt', baseOffset, message);
    }
    yield read;
    lastOffset = read.lastOffset;
    start = end;
  }
}
