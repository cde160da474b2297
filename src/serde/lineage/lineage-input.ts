import {sourcePositionOf} from '../source-position.ts';
import {
  ELEMENT,
  ELEMENT_BYTES,
  HEAD_BYTES,
  LINEAGE_VERSION,
  append,
  lineageOf,
  withLineage,
} from './lineage-bytes.ts';

/** Longer keys are left out of the lineage; the record's place still says which they are. */
const MAX_KEY_BYTES = 512;

/** A record as it was read. */
export interface ReadRecord {
  readonly key: Buffer | null;
  readonly timestamp: number;
  readonly offset: number;
  readonly headers: readonly {readonly key: string; readonly value: Buffer}[];
}

export interface LineageInputOptions {
  readonly topic: string;
  readonly partition: number;
  /** The topic is written by others: what is read there for the first time starts a lineage. */
  readonly isOrigin: boolean;
}

const READ_FIXED_BYTES = ELEMENT_BYTES + 4 + 8 + 8;
const NOWHERE = Buffer.alloc(0);

/** Notes in the lineages of the records of one topic partition that, and when, they were read there. */
export class LineageInput {
  readonly #isOrigin: boolean;
  /** The element, of which offset and time are filled in. */
  readonly #read: Buffer;

  constructor({topic, partition, isOrigin}: LineageInputOptions) {
    this.#isOrigin = isOrigin;
    const name = Buffer.from(topic);
    const read = Buffer.alloc(READ_FIXED_BYTES + name.length);
    read[0] = ELEMENT.read;
    read.writeUInt16BE(read.length - ELEMENT_BYTES, 1);
    read.writeUInt32BE(partition, ELEMENT_BYTES);
    read.set(name, READ_FIXED_BYTES);
    this.#read = read;
  }

  /** The record's headers with its lineage as of now; those that it has where its origin is not known any more. */
  headersOf(record: ReadRecord, now: number): ReadRecord['headers'] {
    const {headers, offset} = record;
    const read = this.#read;
    read.writeDoubleBE(offset, ELEMENT_BYTES + 4);
    read.writeDoubleBE(now, ELEMENT_BYTES + 12);
    const lineage = lineageOf(headers);
    if (lineage !== undefined) return withLineage(headers, append(lineage, read));
    return this.#isOrigin ? withLineage(headers, this.#origin(record)) : headers;
  }

  #origin({key, timestamp, headers}: ReadRecord): Buffer {
    const position = sourcePositionOf(headers) ?? NOWHERE;
    const hasKey = key !== null && key.length <= MAX_KEY_BYTES;
    const body = 10 + position.length + (hasKey ? key.length : 0);
    const read = this.#read;
    const origin = Buffer.allocUnsafe(HEAD_BYTES + ELEMENT_BYTES + body + read.length);
    origin[0] = LINEAGE_VERSION;
    origin[1] = 0;
    origin[2] = ELEMENT.origin;
    origin[3] = body >>> 8;
    origin[4] = body;
    origin[5] = hasKey ? 1 : 0;
    origin[6] = position.length;
    origin.writeDoubleBE(timestamp, 7);
    let at = 15;
    origin.set(position, at);
    at += position.length;
    if (hasKey) {
      origin.set(key, at);
      at += key.length;
    }
    origin.set(read, at);
    return origin;
  }
}
