/** What the publisher knows when it decides; times in milliseconds. */
export interface PublishState {
  /** A commit is on its way. */
  readonly isCommitting: boolean;
  /** A Kafka transaction has records of a Postgres transaction, sent before it was whole. */
  readonly isBegun: boolean;
  /** The Postgres transaction of which records were sent is not whole yet. */
  readonly isPartlySent: boolean;
  /** Records of whole transactions that wait. */
  readonly whole: number;
  readonly isFull: boolean;
  /** The source has ended: what waits is all that comes. */
  readonly isDone: boolean;
  /** The source stands beyond the durable offset. */
  readonly isAhead: boolean;
  readonly sinceCommit: number;
  /** Until the next heartbeat record is due; without end where there are none. */
  readonly heartbeatInMs: number;
  readonly lingerMs: number;
  readonly offsetIntervalMs: number;
}

/**
 * `commit`: send what is whole with its offset, and commit. `send`: send everything into an open Kafka transaction,
 * the Postgres transaction being larger than a batch. `wait`: for events or the commit, at most `ms` if given.
 */
export type PublishAction =
  | {readonly kind: 'commit'}
  | {readonly kind: 'send'}
  | {readonly kind: 'wait'; readonly ms?: number}
  | {readonly kind: 'end'};

const wait = (ms: number): PublishAction => ({kind: 'wait', ms});

/**
 * A whole transaction is committed at once when the last commit is at least `lingerMs` ago, else together with what
 * comes in the rest of that time: no delay when little happens, and few commits when much does.
 */
export function nextPublishAction(state: PublishState): PublishAction {
  if (state.isCommitting) return {kind: 'wait'};
  if (state.isBegun && !state.isPartlySent) return {kind: 'commit'};
  if (!state.isBegun && state.whole > 0) {
    const left = state.lingerMs - state.sinceCommit;
    return state.isFull || state.isDone || left <= 0 ? {kind: 'commit'} : wait(left);
  }
  if (state.isFull) return {kind: 'send'};
  if (state.isDone) return {kind: 'end'};
  if (state.isBegun) return {kind: 'wait'};
  const offsetIn = state.isAhead ? state.offsetIntervalMs - state.sinceCommit : Infinity;
  const left = Math.min(offsetIn, state.heartbeatInMs);
  if (left <= 0) return {kind: 'commit'};
  return left === Infinity ? {kind: 'wait'} : wait(left);
}
