import {decodeSourcePosition} from '../source-position.ts';
import type {SourcePosition} from '../source-position.ts';
import {ELEMENT, ELEMENT_BYTES, HEAD_BYTES, LINEAGE_VERSION, TRUNCATED} from './lineage-bytes.ts';

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
  for (let at = HEAD_BYTES; at < bytes.length;) {
    if (at + ELEMENT_BYTES > bytes.length) return undefined;
    const end = at + ELEMENT_BYTES + bytes.readUInt16BE(at + 1);
    if (end > bytes.length) return undefined;
    const body = bytes.subarray(at + ELEMENT_BYTES, end);
    try {
      if (bytes[at] === ELEMENT.origin) origin = originOf(body);
      else if (bytes[at] === ELEMENT.read) steps.push(readOf(body));
      else if (bytes[at] === ELEMENT.join) steps.push(joinOf(body));
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
    at = end;
  }
  return {origin, steps, isTruncated: ((bytes[1] as number) & TRUNCATED) !== 0};
}

function originOf(body: Buffer): LineageOrigin {
  const hasKey = body.readUInt8(0) === 1;
  const positionEnd = 10 + body.readUInt8(1);
  const position = body.subarray(10, positionEnd);
  return {
    position: position.length === 0 ? undefined : decodeSourcePosition(position),
    timestamp: body.readDoubleBE(2),
    key: hasKey ? body.subarray(positionEnd) : undefined,
  };
}

function readOf(body: Buffer): ReadStep {
  return {
    kind: 'read',
    topic: body.toString('utf8', 20),
    partition: body.readUInt32BE(0),
    offset: body.readDoubleBE(4),
    at: body.readDoubleBE(12),
  };
}

function joinOf(body: Buffer): JoinStep {
  const nameEnd = 2 + body.readUInt8(1);
  const row = body.subarray(nameEnd);
  return {
    kind: 'join',
    table: body.toString('utf8', 2, nameEnd),
    waited: body.readUInt8(0) === 1,
    row: row.length === 0 ? undefined : decodeLineage(row),
  };
}
