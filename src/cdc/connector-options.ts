import type {EventOptions} from './events/event-options.ts';
import {heartbeatDefaults} from './heartbeat.ts';
import type {HeartbeatOptions} from './heartbeat.ts';
import type {BatchLimits} from './transaction-batcher.ts';
import {typeHandlingDefaults} from './events/types/type-handling.ts';
import type {TypeHandling} from './events/types/type-handling.ts';

export interface SnapshotTransactionLimits extends BatchLimits {
  readonly maxMs: number;
}

/** The settings of one source, under the names of Debezium and Connect where they have one. */
export interface ConnectorOptions {
  /** The key under `sources:`. */
  readonly name: string;
  readonly slotName: string;
  readonly dbname: string;
  readonly topicPrefix: string;
  /** `after.state.only`: rows with `__deleted` instead of envelopes. */
  readonly afterStateOnly: boolean;
  readonly keyFormat: 'JSON' | 'JSON_SR';
  readonly valueFormat: 'JSON' | 'JSON_SR';
  /** Of the topics that it creates. */
  readonly numPartitions: number;
  readonly replicationFactor: number;
  readonly snapshotMode: 'initial' | 'never' | 'initial_only' | 'when_needed' | 'always';
  readonly types?: TypeHandling;
  readonly events?: Partial<EventOptions>;
  /** How much is sent to Kafka at once; a larger Postgres transaction is sent in parts of it. */
  readonly batch?: BatchLimits;
  /** How much of a snapshot goes into one Kafka transaction, and for how long it may stay open. */
  readonly snapshotTransaction?: SnapshotTransactionLimits;
  /** `streaming.delay.ms`: between a snapshot and the changes after it. */
  readonly streamingDelayMs?: number;
  /** `incremental.snapshot.chunk.size`: rows. */
  readonly incrementalChunkSize?: number;
  /** `signal.data.collection`: the table (`schema.table`) that takes signals; it is captured, and its rows are no events. */
  readonly signalTable?: string | undefined;
  /** `errors.max.retries`: failures in a row that are tried again; -1: without end. */
  readonly errorsMaxRetries?: number;
  readonly heartbeat?: HeartbeatOptions;
  readonly lingerMs?: number;
  readonly offsetIntervalMs?: number;
}

export const connectorDefaults = {
  types: typeHandlingDefaults,
  events: {},
  batch: {maxRecords: 2_000, maxBytes: 4 * 1024 * 1024},
  // Less than the connector's transaction timeout.
  snapshotTransaction: {maxRecords: 5_000_000, maxBytes: 2 * 1024 ** 3, maxMs: 600_000},
  streamingDelayMs: 0,
  incrementalChunkSize: 1024,
  signalTable: undefined,
  errorsMaxRetries: -1,
  heartbeat: heartbeatDefaults,
  // 200 commits a second at most; a fifth of the latency that the pipeline aims for.
  lingerMs: 5,
  offsetIntervalMs: 5_000,
} as const satisfies Partial<ConnectorOptions>;
