import {putValue, valueSize} from '../../common/deferred-header.ts';
import {putBytes} from '../../common/put-bytes.ts';
import {putVarint, varintSize, zigzag} from '../../common/unsigned-varint.ts';
import {sourcePositionOf} from '../source-position.ts';
import {
  ELEMENT,
  HEAD_BYTES,
  LINEAGE_VERSION,
  LineageHeader,
  bodySize,
  elementSize,
  lineageAt,
  withLineage,
  withLonger,
} from './lineage-bytes.ts';
import type {Header} from './lineage-bytes.ts';

/** Longer keys are left out of the lineage; the record's place still says which they are. */
const MAX_KEY_BYTES = 512;

/** A record as it was read. */
export interface ReadRecord {
  readonly key: Buffer | null;
  readonly timestamp: number;
  readonly offset: number;
  readonly headers: readonly Header[];
}

export interface LineageInputOptions {
  readonly topic: string;
  readonly partition: number;
  /** The topic is written by others: what is read there for the first time starts a lineage. */
  readonly isOrigin: boolean;
}

const NOTHING = Buffer.alloc(0);

/** Notes in the lineages of the records of one topic partition that, and when, they were read there. */
export class LineageInput {
  readonly #isOrigin: boolean;
  /** Partition, and the topic with its length. */
  readonly #where: Buffer;

  constructor({topic, partition, isOrigin}: LineageInputOptions) {
    this.#isOrigin = isOrigin;
    const name = Buffer.from(topic);
    const where = Buffer.alloc(varintSize(partition) + varintSize(name.length) + name.length);
    putBytes(where, putVarint(where, putVarint(where, 0, partition), name.length), name);
    this.#where = where;
  }

  /** The record's headers with its lineage as of now; those that it has where its origin is not known any more. */
  headersOf(record: ReadRecord, now: number): ReadRecord['headers'] {
    const {headers} = record;
    const at = lineageAt(headers);
    if (at >= 0) {
      const lineage = headers[at] as Header;
      return withLonger(headers, at, new ReadAgain(lineage, this.#where, record.offset, now));
    }
    return this.#isOrigin ? withLineage(headers, new Origin(record, this.#where, now)) : headers;
  }
}

/** A change, and where and when a task has read it. */
class Origin extends LineageHeader {
  readonly #record: ReadRecord;
  readonly #position: Buffer;
  readonly #where: Buffer;
  /** Milliseconds from the change to the reading: a small number, which takes no memory of its own. */
  readonly #delay: number;

  constructor(record: ReadRecord, where: Buffer, now: number) {
    const position = sourcePositionOf(record.headers) ?? NOTHING;
    super(HEAD_BYTES + elementSize(originSize(record, position, where, now - record.timestamp)));
    this.#record = record;
    this.#position = position;
    this.#where = where;
    this.#delay = now - record.timestamp;
  }

  writeTo(target: Buffer, start: number): number {
    const {key, timestamp, offset} = this.#record;
    const position = this.#position;
    const hasKey = key !== null && key.length <= MAX_KEY_BYTES;
    target[start] = LINEAGE_VERSION;
    target[start + 1] = 0;
    target[start + 2] = ELEMENT.origin;
    let at = putVarint(target, start + 3, bodySize(this.size - HEAD_BYTES));
    target[at++] = hasKey ? 1 : 0;
    at = putVarint(target, at, zigzag(timestamp));
    at = putVarint(target, at, zigzag(this.#delay));
    at = putVarint(target, at, offset);
    at = putBytes(target, at, this.#where);
    target[at++] = position.length;
    at = putBytes(target, at, position);
    return hasKey ? putBytes(target, at, key) : at;
  }
}

function originSize(
  {key, timestamp, offset}: ReadRecord,
  position: Buffer,
  where: Buffer,
  delay: number,
): number {
  return (
    2 +
    varintSize(zigzag(timestamp)) +
    varintSize(zigzag(delay)) +
    varintSize(offset) +
    where.length +
    position.length +
    (key !== null && key.length <= MAX_KEY_BYTES ? key.length : 0)
  );
}

/** A record that has been on its way for a while. */
class ReadAgain extends LineageHeader {
  readonly #before: Header;
  readonly #where: Buffer;
  readonly #offset: number;
  readonly #now: number;

  constructor(before: Header, where: Buffer, offset: number, now: number) {
    const body = varintSize(now) + varintSize(offset) + where.length;
    super(valueSize(before) + elementSize(body));
    this.#before = before;
    this.#where = where;
    this.#offset = offset;
    this.#now = now;
  }

  writeTo(target: Buffer, start: number): number {
    let at = putValue(target, start, this.#before);
    const body = varintSize(this.#now) + varintSize(this.#offset) + this.#where.length;
    target[at] = ELEMENT.read;
    at = putVarint(target, at + 1, body);
    at = putVarint(target, at, this.#now);
    at = putVarint(target, at, this.#offset);
    return putBytes(target, at, this.#where);
  }
}
