import {unzigzag} from '../../common/unsigned-varint.ts';
import {decodeSourcePosition} from '../source-position.ts';
import type {SourcePosition} from '../source-position.ts';
import {ELEMENT, HEAD_BYTES, LINEAGE_VERSION, TRUNCATED} from './lineage-bytes.ts';

/** Where a record or a row comes from, and how it got where it is. */
export interface Lineage {
  /** Undefined where an earlier version, or nobody, has written it down. */
  readonly origin: LineageOrigin | undefined;
  /** What happened to it, in order. */
  readonly steps: readonly LineageStep[];
  /** Steps are missing at the end: there were too many. */
  readonly isTruncated: boolean;
}

/** The change in its source. */
export interface LineageOrigin {
  /** Undefined for a record that no source of this service has written. */
  readonly position: SourcePosition | undefined;
  /** The record's timestamp, which is when its transaction was committed; milliseconds since 1970-01-01 UTC. */
  readonly timestamp: number;
  /** As the topic has it; undefined where it has none, or one that is too long. */
  readonly key: Buffer | undefined;
}

export type LineageStep = ReadStep | JoinStep;

/** A task has read it from a topic. */
export interface ReadStep {
  readonly kind: 'read';
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** When; milliseconds since 1970-01-01 UTC, by the clock of the instance. */
  readonly at: number;
}

/** It was joined with a row of a table. */
export interface JoinStep {
  readonly kind: 'join';
  readonly table: string;
  /** The record was there before the row, and waited for it. */
  readonly waited: boolean;
  /** Undefined where the row was stored without. */
  readonly row: Lineage | undefined;
}

/** What the bytes say; undefined where they are of another version, or cut off. */
export function decodeLineage(bytes: Buffer): Lineage | undefined {
  if (bytes[0] !== LINEAGE_VERSION || bytes.length < HEAD_BYTES) return undefined;
  let origin: LineageOrigin | undefined;
  const steps: LineageStep[] = [];
  const reader = new LineageReader(bytes, HEAD_BYTES);
  try {
    while (reader.left > 0) {
      const type = reader.byte();
      const body = new LineageReader(reader.bytes(reader.varint()));
      if (type === ELEMENT.origin) {
        const found = originOf(body);
        origin = found.origin;
        steps.push(found.read);
      } else if (type === ELEMENT.read) steps.push(readOf(body));
      else if (type === ELEMENT.join) steps.push(joinOf(body));
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return {origin, steps, isTruncated: ((bytes[1] as number) & TRUNCATED) !== 0};
}

function originOf(body: LineageReader): {readonly origin: LineageOrigin; readonly read: ReadStep} {
  const hasKey = body.byte() === 1;
  const timestamp = unzigzag(body.varint());
  const at = timestamp + unzigzag(body.varint());
  const read = {kind: 'read', ...placeOf(body), at} as const;
  const position = body.bytes(body.byte());
  return {
    origin: {
      position: position.length === 0 ? undefined : decodeSourcePosition(position),
      timestamp,
      key: hasKey ? body.bytes(body.left) : undefined,
    },
    read,
  };
}

function readOf(body: LineageReader): ReadStep {
  const at = body.varint();
  return {kind: 'read', ...placeOf(body), at};
}

function placeOf(body: LineageReader): Pick<ReadStep, 'topic' | 'partition' | 'offset'> {
  const offset = body.varint();
  const partition = body.varint();
  return {topic: body.bytes(body.varint()).toString(), partition, offset};
}

function joinOf(body: LineageReader): JoinStep {
  const waited = body.byte() === 1;
  const table = body.bytes(body.varint()).toString();
  const row = body.bytes(body.left);
  return {kind: 'join', table, waited, row: row.length === 0 ? undefined : decodeLineage(row)};
}

/** Reads from the front. @throws RangeError behind the end. */
class LineageReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#at++);
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 70; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number of more than ten bytes');
  }

  bytes(length: number): Buffer {
    if (length > this.left) throw new RangeError(`${length} bytes of ${this.left}`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
