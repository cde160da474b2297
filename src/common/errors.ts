/** Every code a user can meet; each message says what happened, where, and what to do. */
export type ErrorCode =
  | 'CONFIG_INVALID'
  | 'DATA_DIR_UNUSABLE'
  | 'HTTP_PORT_IN_USE'
  | 'SERVICE_UNREACHABLE'
  | 'INSTANCE_UNREACHABLE'
  | 'LINEAGE_UNAVAILABLE'
  | 'TOPOLOGY_INVALID'
  | 'CDC_CONNECTION_FAILED'
  | 'CDC_TLS_FAILED'
  | 'CDC_DATABASE_MISSING'
  | 'CDC_AUTHENTICATION_FAILED'
  | 'CDC_PERMISSION_DENIED'
  | 'CDC_WAL_LEVEL'
  | 'CDC_TABLE_MISSING'
  | 'CDC_TABLE_LOCKED'
  | 'CDC_TABLE_WITHOUT_KEY'
  | 'CDC_TOPIC_COLLISION'
  | 'CDC_PUBLICATION_INVALID'
  | 'CDC_SLOT_IN_USE'
  | 'CDC_SLOT_LOST'
  | 'CDC_SLOT_MOVED'
  | 'CDC_SLOT_BLOCKED'
  | 'CDC_SLOT_INACTIVE'
  | 'CDC_WAL_AT_RISK'
  | 'CDC_FAILOVER_UNSUPPORTED'
  | 'CDC_PUBLICATION_NARROW'
  | 'CDC_STALLED'
  | 'CDC_TIMELINE_SWITCHED'
  | 'CDC_SERVER_CHANGED'
  | 'CDC_NOT_WATCHED'
  | 'CDC_HEARTBEAT_FAILED'
  | 'CDC_PROTOCOL'
  | 'KAFKA_UNREACHABLE'
  | 'KAFKA_PRODUCER_FENCED'
  | 'KAFKA_ILLEGAL_GENERATION'
  | 'KAFKA_TOPIC_MISSING'
  | 'KAFKA_TOPIC_MISMATCH'
  | 'KAFKA_OFFSET_OUT_OF_RANGE'
  | 'KAFKA_LOG_CORRUPTED'
  | 'KAFKA_AUTHENTICATION_FAILED'
  | 'KAFKA_AUTHORIZATION_FAILED'
  | 'KAFKA_TLS_FAILED'
  | 'KAFKA_BROKER_UNSUPPORTED'
  | 'KAFKA_TRANSACTION_FAILED'
  | 'KAFKA_GROUP_MISMATCH'
  | 'KAFKA_GROUP_IN_USE'
  | 'KAFKA_INSTANCE_FENCED'
  | 'KAFKA_TOPIC_RECREATED'
  | 'KAFKA_RECORD_TOO_LARGE'
  | 'KAFKA_CORRUPT_BATCH'
  | 'KAFKA_UNKNOWN_FORMAT'
  | 'SCHEMA_INVALID'
  | 'SCHEMA_UNKNOWN'
  | 'SCHEMA_INCOMPATIBLE'
  | 'SCHEMA_REGISTRY_UNREACHABLE'
  | 'SCHEMA_REGISTRY_AUTHENTICATION_FAILED'
  | 'SCHEMA_REGISTRY_PERMISSION_DENIED'
  | 'SCHEMA_REGISTRY_REFUSED'
  | 'RECORD_UNREADABLE'
  | 'RECORD_UNWRITABLE'
  | 'PROCESSING_FAILED'
  | 'STATE_DIRECTORY_LOCKED'
  | 'STATE_CORRUPTED'
  | 'STATE_INDEX_MISSING'
  | 'SINK_UNREACHABLE'
  | 'SINK_BACKPRESSURE'
  | 'SINK_AUTHENTICATION_FAILED'
  | 'SINK_PERMISSION_DENIED'
  | 'SINK_STATEMENT_REFUSED'
  | 'SINK_TLS_FAILED'
  | 'SINK_FENCED'
  | 'SINK_TABLE_MISMATCH'
  | 'SINK_OFFSET_MISMATCH'
  | 'SINK_EXPORT_FAILED'
  | 'SINK_CHECK_FAILED'
  | 'CHECK_FAILED'
  | 'POSTGRES_START_FAILED';

/**
 * The root of all errors that the service raises on purpose, named by what must happen next.
 *
 * The message is for people: what, where (source, topic-partition-offset, LSN, key path) and the remedy, in one line.
 */
export class ServiceError extends Error {
  override readonly name: string = 'ServiceError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Back off and do the same again: nothing was lost and nothing else has to change. */
export class RetriableError extends ServiceError {
  override readonly name = 'RetriableError';
}

/** Close the task with its uncommitted work, restore it from what is committed, and resume. */
export class TaskError extends ServiceError {
  override readonly name = 'TaskError';
}

/** Stop the process with exit code 1; the message says what the operator does. */
export class FatalError extends ServiceError {
  override readonly name = 'FatalError';
}

/** The `message` of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `message` of its cause, where it has one: `fetch` and LevelDB say only there what has happened. */
export function causeMessageOf(error: unknown): string {
  return messageOf(error instanceof Error ? (error.cause ?? error) : error);
}
