import type {RecordHeader} from '../../kafka/client.ts';
import {
  compareSourceCommits,
  compareSourceOrdinals,
  isSameSource,
  sourcePositionOf,
} from '../../serde/source-position.ts';

/** One source partition of a task: the records that were fetched, and what is known of its log. */
export interface Input {
  readonly feeds: 'stream' | 'table';
  /** It is read from a repartition topic: its records may stand in another order than in their source. */
  readonly repartitioned: boolean;
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
 * Kafka Streams' `max.task.idle.ms = 0`: the lowest timestamp goes first, tables before streams where timestamps tie,
 * and while the log is known to hold more of an input that ran empty, all wait for it. Heads of one source go in the
 * order of its commits, whatever their timestamps say; of one commit, tables before streams: a stream's record is joined
 * with the rows as its commit left them. A stream's head also waits until each empty table has shown, by an answer to a
 * fetch that was sent after that head had arrived, that it is read up to its high watermark: only then every row that was
 * committed before the head has been seen. A table's head waits for empty streams in the same way, where both are read in
 * their source's order: a stream's record that was committed before it must not be joined with it. Over repartition topics
 * tables run ahead instead: what stands behind a waiting head may be older than it, and a row that is too new is the lesser
 * evil beside one that is out of date.
 */
export function nextInput(inputs: readonly Input[]): number {
  const next = firstInput(inputs);
  if (next < 0) return NO_INPUT;
  const first = inputs[next] as Input;
  let blocked = 0;
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i] as Input;
    if (input.head !== undefined) continue;
    if (input.highWatermark === undefined) blocked = blocked === 0 ? AWAIT_ANSWER : blocked;
    else if (input.position < input.highWatermark) blocked = AWAIT_RECORDS;
    else if (mustShow(input, first) && input.sentAt < first.headArrivedAt) {
      blocked = blocked === 0 ? AWAIT_ANSWER : blocked;
    }
  }
  return blocked === 0 ? next : blocked;
}

/** Whether an empty input has to show that it holds nothing which goes before this head. */
function mustShow(input: Input, first: Input): boolean {
  if (input.feeds === first.feeds) return false;
  return first.feeds === 'stream' || !(first.repartitioned || input.repartitioned);
}

/** The input whose head goes before all other heads; -1 where there is none. */
function firstInput(inputs: readonly Input[]): number {
  let first = -1;
  let heads = 0;
  for (let i = 0; i < inputs.length; i++) {
    if ((inputs[i] as Input).head === undefined) continue;
    heads++;
    if (first < 0 || isEarlier(inputs[i] as Input, inputs[first] as Input)) first = i;
  }
  return heads > 1 ? firstOfItsSource(inputs, first) : first;
}

/** `first`, or the input with a head of the same source that was committed before the head of `first`. */
function firstOfItsSource(inputs: readonly Input[], first: number): number {
  let next = first;
  let position = sourcePosition(inputs[first] as Input);
  if (position === undefined) return first;
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i] as Input;
    if (i === first || input.head === undefined) continue;
    const other = sourcePosition(input);
    if (other === undefined || !isSameSource(other, position)) continue;
    if (!isCommittedBefore(input, other, inputs[next] as Input, position)) continue;
    next = i;
    position = other;
  }
  return next;
}

function isEarlier(a: Input, b: Input): boolean {
  const x = (a.head as InputRecord).timestamp;
  const y = (b.head as InputRecord).timestamp;
  return x === y ? a.feeds === 'table' && b.feeds === 'stream' : x < y;
}

function isCommittedBefore(a: Input, x: Buffer, b: Input, y: Buffer): boolean {
  const order = compareSourceCommits(x, y);
  if (order !== 0) return order < 0;
  if (a.feeds !== b.feeds) return a.feeds === 'table';
  return compareSourceOrdinals(x, y) < 0;
}

function sourcePosition({head}: Input): Buffer | undefined {
  return sourcePositionOf((head as InputRecord).headers);
}
