import type {RecordHeader} from '../../kafka/client.ts';
import {SOURCE_POSITION_HEADER, compareSourcePositions} from '../../serde/source-position.ts';

/** One source partition of a task: the records that were fetched, and what is known of its log. */
export interface Input {
  readonly feeds: 'stream' | 'table';
  readonly head: InputRecord | undefined;
  /** Tick at which the head arrived. */
  readonly headArrivedAt: number;
  /** The next offset to fetch. */
  readonly position: number;
  /** End of the log, open transactions included, as of the last answer; undefined before the first one. */
  readonly highWatermark: number | undefined;
  /** Tick at which the fetch of the last answer was sent. */
  readonly sentAt: number;
}

export interface InputRecord {
  readonly timestamp: number;
  readonly headers: readonly RecordHeader[];
}

/** Nothing was fetched that could be processed. */
export const NO_INPUT = -1;
/** What an empty input holds is not known yet: the next answer tells. */
export const AWAIT_ANSWER = -2;
/** The log holds more of an empty input, which may come first. */
export const AWAIT_RECORDS = -3;

/**
 * The index of the input whose head is to be processed next, or why none is.
 *
 * Kafka Streams' `max.task.idle.ms = 0`: the lowest timestamp goes first, and while the log is known to hold more of an
 * input that ran empty, all wait for it. Heads of one source with equal timestamps go by source position; other ties,
 * tables before streams. A stream's head also waits until each empty table has shown, by an answer to a fetch that was
 * sent after that head had arrived, that it is read up to its high watermark: only then every row that was committed
 * before the head has been seen.
 */
export function nextInput(inputs: readonly Input[]): number {
  let next = NO_INPUT;
  let first: Input | undefined;
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i] as Input;
    if (input.head === undefined) continue;
    if (first === undefined || goesBefore(input, first)) {
      next = i;
      first = input;
    }
  }
  if (first === undefined) return NO_INPUT;
  const awaitsTables = first.feeds === 'stream';
  let blocked = 0;
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i] as Input;
    if (input.head !== undefined) continue;
    if (input.highWatermark === undefined) blocked = blocked === 0 ? AWAIT_ANSWER : blocked;
    else if (input.position < input.highWatermark) blocked = AWAIT_RECORDS;
    else if (awaitsTables && input.feeds === 'table' && input.sentAt < first.headArrivedAt) {
      blocked = blocked === 0 ? AWAIT_ANSWER : blocked;
    }
  }
  return blocked === 0 ? next : blocked;
}

function goesBefore(a: Input, b: Input): boolean {
  const x = a.head as InputRecord;
  const y = b.head as InputRecord;
  if (x.timestamp !== y.timestamp) return x.timestamp < y.timestamp;
  const order = comparePositions(x, y);
  if (order !== 0) return order < 0;
  return a.feeds === 'table' && b.feeds === 'stream';
}

/** 0 where the records are not of one source. */
function comparePositions(a: InputRecord, b: InputRecord): number {
  const x = sourcePosition(a);
  const y = sourcePosition(b);
  return x === undefined || y === undefined ? 0 : (compareSourcePositions(x, y) ?? 0);
}

function sourcePosition({headers}: InputRecord): Buffer | undefined {
  for (const {key, value} of headers) if (key === SOURCE_POSITION_HEADER) return value;
  return undefined;
}
