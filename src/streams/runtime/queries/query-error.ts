/** `invalid`: ask otherwise. `not-found`: there is no such thing. `unavailable`: ask again in a moment. */
export type QueryFate = 'invalid' | 'not-found' | 'unavailable';

/** Why a query has no answer; `code` is for programs, the message for people. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  readonly fate: QueryFate;
  readonly code: QueryErrorCode;

  constructor(fate: QueryFate, code: QueryErrorCode, message: string) {
    super(message);
    this.fate = fate;
    this.code = code;
  }
}

export type QueryErrorCode =
  /** No such table, or a topic that has none. */
  | 'TABLE_UNKNOWN'
  | 'ROW_NOT_FOUND'
  /** The topology does not write this topic. */
  | 'TOPIC_UNKNOWN'
  /** The key is not one of this table's. */
  | 'KEY_INVALID'
  /** This process does not run the topology. */
  | 'NO_STREAMS'
  /** Tasks are being assigned: nobody is known to have the partition. */
  | 'REBALANCING'
  /** The instance that has the partition still restores its store. */
  | 'RESTORING'
  /** The instance that has the partition cannot be reached, or says where it can be. */
  | 'INSTANCE_UNREACHABLE';
