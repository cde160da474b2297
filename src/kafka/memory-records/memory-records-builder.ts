import {putValue, valueSize} from '../../common/deferred-header.ts';
import type {RecordHeader} from '../client.ts';
import {ByteWriter} from './byte-writer.ts';
import {HeaderNames} from './header-names.ts';
import {RECORDS_AT} from './memory-records.ts';
import type {MemoryRecords, RecordsBody} from './memory-records.ts';
import {rebaseRecords} from './rebase-records.ts';
import {splitBody} from './split-body.ts';
import type {Cut} from './split-body.ts';
import {VARINT_BYTES, putVarint, varintSize} from './varint.ts';

/** As brokers take it by default (`max.message.bytes` is a little more), and `max.request.size` of the producer. */
const DEFAULT_MAX_BYTES = 1_000_000;

/** Up to where records are whole. */
interface Mark extends Cut {
  /** Bodies before the one that it lies in. */
  readonly bodies: number;
}

const NOTHING: Mark = {bodies: 0, count: 0, end: RECORDS_AT, maxTimestamp: -Infinity};

/**
 * Encodes records of one partition as they come: `begin`, the value into the writer that it returns, `end`. Whatever is
 * passed in is copied. A record that is begun and not ended has never been there.
 *
 * A body has at most `maxBytes`, or one record that is larger. `mark` says up to where `take` takes.
 */
export class MemoryRecordsBuilder {
  readonly #maxBytes: number;
  readonly #out = new ByteWriter(0);
  readonly #names = new HeaderNames();
  #full: RecordsBody[] = [];
  /** Of the body that is being written. */
  #count = 0;
  #end = RECORDS_AT;
  #baseTimestamp = 0;
  #maxTimestamp = -Infinity;
  #mark = NOTHING;
  /** How much memory the next body is likely to take. */
  #capacity = 0;
  /** Of the record that is being written. Lengths mostly take as many bytes as those of the record before. */
  #timestamp = 0;
  #valueAt = 0;
  #lengthSize = 2;
  #valueLengthSize = 2;

  constructor(maxBytes = DEFAULT_MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Begins a record with a value; the key is the first `keyLength` bytes of `key`, or null. */
  begin(timestamp: number, key: Uint8Array | null, keyLength = key?.length ?? 0): ByteWriter {
    this.#head(timestamp, key, keyLength);
    const out = this.#out;
    out.at += this.#valueLengthSize;
    this.#valueAt = out.at;
    return out;
  }

  /** Ends the record that was begun last; returns how many bytes it has. */
  end(headers: readonly RecordHeader[]): number {
    const out = this.#out;
    const length = out.at - this.#valueAt;
    const size = varintSize(length);
    if (size !== this.#valueLengthSize) {
      this.#move(this.#valueAt, size - this.#valueLengthSize);
      this.#valueAt += size - this.#valueLengthSize;
      this.#valueLengthSize = size;
    }
    putVarint(out.buffer, this.#valueAt - size, length);
    return this.#foot(headers);
  }

  /** A record whose value is null; returns how many bytes it has. */
  tombstone(
    timestamp: number,
    key: Uint8Array | null,
    headers: readonly RecordHeader[],
    keyLength = key?.length ?? 0,
  ): number {
    this.#head(timestamp, key, keyLength);
    const out = this.#out;
    out.at = putVarint(out.buffer, out.at, -1);
    return this.#foot(headers);
  }

  /** What has been written so far is whole: it may be taken. */
  mark(): void {
    this.#mark = {
      bodies: this.#full.length,
      count: this.#count,
      end: this.#end,
      maxTimestamp: this.#maxTimestamp,
    };
  }

  /** The records before the mark; they are gone from here. Undefined where there are none. */
  take(): MemoryRecords | undefined {
    const mark = this.#mark;
    const bodies = this.#full.splice(0, mark.bodies);
    if (mark.count > 0) bodies.push(this.#takeCut(mark));
    this.#mark = NOTHING;
    if (bodies.length === 0) return undefined;
    return {count: bodies.reduce((sum, {count}) => sum + count, 0), bodies};
  }

  #takeCut(mark: Mark): RecordsBody {
    const [full] = this.#full;
    if (full === undefined) return this.#takeFromOpen(mark);
    if (mark.count === full.count) return this.#full.shift() as RecordsBody;
    const [before, after] = splitBody(full, mark);
    this.#full[0] = after;
    return before;
  }

  #takeFromOpen(mark: Mark): RecordsBody {
    const body = this.#body(mark);
    this.#reopen(mark.end, this.#baseTimestamp);
    return body;
  }

  #body({end, count, maxTimestamp}: Cut): RecordsBody {
    // What follows a large body is often a small one, the rest of a transaction, and then a large one again.
    this.#capacity = Math.max(end + (end >> 3), this.#capacity - (this.#capacity >> 3));
    const buffer = this.#out.buffer.subarray(0, end);
    return {buffer, count, baseTimestamp: this.#baseTimestamp, maxTimestamp};
  }

  /** Begins another body, with the records from `start` on, in memory of its own. */
  #reopen(start: number, baseTimestamp: number): void {
    const out = this.#out;
    const range = {
      buffer: out.buffer,
      start,
      end: this.#end,
      baseTimestamp: this.#baseTimestamp,
    };
    this.#baseTimestamp = baseTimestamp;
    this.#count = 0;
    this.#maxTimestamp = -Infinity;
    this.#end = RECORDS_AT;
    if (start === range.end) {
      out.renew(0);
      return;
    }
    this.#room();
    const {count, maxTimestamp} = rebaseRecords(range, out, baseTimestamp);
    this.#count = count;
    this.#maxTimestamp = maxTimestamp;
    this.#end = out.at;
  }

  /** The memory of a body is there from its first record on, so that who has nothing to write holds none. */
  #room(): void {
    this.#out.renew(Math.min(this.#capacity, RECORDS_AT + this.#maxBytes + (this.#maxBytes >> 3)));
    this.#out.at = RECORDS_AT;
  }

  #head(timestamp: number, key: Uint8Array | null, keyLength: number): void {
    const out = this.#out;
    if (this.#count === 0) {
      this.#room();
      this.#baseTimestamp = timestamp;
    }
    this.#timestamp = timestamp;
    out.at = this.#end;
    out.reserve(5 * VARINT_BYTES + 1 + keyLength);
    const {buffer} = out;
    let at = this.#end + this.#lengthSize;
    buffer[at++] = 0;
    at = putVarint(buffer, at, timestamp - this.#baseTimestamp);
    at = putVarint(buffer, at, this.#count);
    out.at = putVarint(buffer, at, key === null ? -1 : keyLength);
    if (key !== null) out.bytes(key, keyLength);
    out.reserve(VARINT_BYTES);
  }

  #foot(headers: readonly RecordHeader[]): number {
    const out = this.#out;
    out.reserve(VARINT_BYTES);
    out.at = putVarint(out.buffer, out.at, headers.length);
    for (let i = 0; i < headers.length; i++) {
      const header = headers[i] as RecordHeader;
      out.bytes(this.#names.of(header.key));
      const size = valueSize(header);
      out.reserve(VARINT_BYTES + size);
      out.at = putValue(out.buffer, putVarint(out.buffer, out.at, size), header);
    }
    const length = out.at - this.#end - this.#lengthSize;
    const size = varintSize(length);
    if (size !== this.#lengthSize) {
      this.#move(this.#end + this.#lengthSize, size - this.#lengthSize);
      this.#lengthSize = size;
    }
    putVarint(out.buffer, this.#end, length);
    const start = this.#end;
    this.#end = out.at;
    if (++this.#count > 1 && this.#end - RECORDS_AT > this.#maxBytes) this.#overflow(start);
    else if (this.#timestamp > this.#maxTimestamp) this.#maxTimestamp = this.#timestamp;
    return length + size;
  }

  /** The last record, which begins at `start`, goes to a body of its own. */
  #overflow(start: number): void {
    const [count, maxTimestamp] = [this.#count - 1, this.#maxTimestamp];
    this.#full.push(this.#body({end: start, count, maxTimestamp}));
    this.#reopen(start, this.#timestamp);
  }

  /** Moves what was written from `from` on by a few bytes. */
  #move(from: number, by: number): void {
    const out = this.#out;
    if (by > 0) out.reserve(by);
    out.buffer.copyWithin(from + by, from, out.at);
    out.at += by;
  }
}
