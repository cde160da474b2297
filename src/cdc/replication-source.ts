import type {ChunkSource} from './chunk-source.ts';
import type {Tuple} from './tuple.ts';

/**
 * The port to a database that hands out its committed transactions: transactions out, confirmed positions in.
 *
 * Implementations: `postgres/` and, for tests, a scripted one. Values are Postgres' own text, under the session
 * settings of `postgres/session-settings.ts`, the same in snapshot and streaming.
 */
export interface ReplicationSource extends ChunkSource {
  /** The key under `sources:`, part of every record's source position. */
  readonly name: string;
  /**
   * Checks the server, the publication and the tables, then compares the slot with the durable offset. A slot that was
   * not claimed is neither read nor dropped; without `claim` any is taken for ours.
   *
   * @throws FatalError with the remedy when the source cannot run, or when going on would lose changes silently.
   */
  open(
    durable: SourceOffset | undefined,
    signal: AbortSignal,
    claim?: SlotClaim,
  ): Promise<StartingPoint>;
  /**
   * The rows of the consistent snapshot in batches, those of several tables in turns. Only after `open` has said so.
   * A batch without rows is the only one of an empty table.
   */
  snapshot(signal: AbortSignal): AsyncIterable<SnapshotBatch>;
  /** The transactions that end after `from`, in commit order; ends when `signal` aborts. */
  transactions(from: SourceOffset, signal: AbortSignal): AsyncIterable<readonly SourceEvent[]>;
  /** Says that everything up to `lsn` (an end-LSN) is durable in Kafka; the database may forget it. Never goes back. */
  confirm(lsn: bigint): void;
  /** For `/api/status`: slot, confirmed LSN, lag. */
  status(): SourceStatus;
  close(): Promise<void>;
}

/** Everything up to and including the transaction that ends at `lsn` is durable in Kafka. */
export interface SourceOffset {
  readonly lsn: bigint;
  /** The server that `lsn` belongs to (`IDENTIFY_SYSTEM`). */
  readonly systemId: string;
  /** Of that server, where it has any: after a promotion the same LSN may mean another change. */
  readonly timeline?: number | undefined;
}

/** Says to whom a slot belongs of which nothing is durable yet. */
export interface SlotClaim {
  /** Whether an earlier start has recorded that it makes the slot. */
  readonly isMade: boolean;
  /** Records it, before the slot is made. */
  make(): Promise<void>;
}

export interface StartingPoint {
  readonly kind: 'snapshot' | 'resume';
  /** The slot's consistent point after a snapshot, else where streaming resumes. */
  readonly from: SourceOffset;
  /** Where streaming resumes before the snapshot, to be read up to `from`; absent where nothing was streamed yet. */
  readonly catchUp?: SourceOffset;
  /** The captured tables, `schema.table`. */
  readonly tables: readonly string[];
  /** What a snapshot will read; absent where nobody knows. */
  readonly snapshotTables?: readonly SnapshotEstimate[];
}

/** A table of a snapshot, as large as the database takes it to be. */
export interface SnapshotEstimate {
  /** `schema.table`. */
  readonly table: string;
  readonly estimatedRows: number;
}

export interface SourceStatus {
  readonly slot: string;
  readonly confirmedLsn: string | undefined;
  /** WAL written after what is confirmed, as of the server's last message. */
  readonly lagBytes: number | undefined;
  /** Of the server that is read; undefined before it was reached. */
  readonly timeline?: number | undefined;
  /** Whether the server streams to it now; undefined where it does not know. */
  readonly streams?: boolean | undefined;
  /** What the server says of the slot, as of the last look; undefined before. */
  readonly replicationSlot?: object | undefined;
}

/** One captured table as a transaction saw it. A new object for each new shape, so identity is a cache key. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly RelationColumn[];
  /**
   * The columns that identify a row, in key order: of the primary key, or of a unique index in its place. Empty without
   * either.
   */
  readonly primaryKey: readonly string[];
  readonly replicaIdentity: 'default' | 'nothing' | 'full' | 'index';
}

export interface RelationColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
  /** `pg_type.typname` of the type, or of a domain's base type: `varchar`, `numeric`, `_int4`. */
  readonly typeName: string;
  readonly nullable: boolean;
  /** Left out of events by `column.include.list` or `column.exclude.list`; tuples have a place for it all the same. */
  readonly excluded?: true;
  /** The labels in `enumsortorder`, where the type (or an array's element type) is an enum. */
  readonly enumLabels?: readonly string[];
}

export interface SnapshotBatch {
  readonly relation: Relation;
  readonly rows: readonly Tuple[];
  readonly consistentPoint: bigint;
  readonly xid: number;
  /** Microseconds since 1970-01-01 UTC at which the snapshot was taken. */
  readonly takenAt: number;
  readonly firstOfTable: boolean;
  readonly lastOfTable: boolean;
  readonly firstOfSnapshot: boolean;
  readonly lastOfSnapshot: boolean;
}

/** What streaming yields; a transaction is begin, its changes in order, commit. */
export type SourceEvent =
  | {
      readonly kind: 'begin';
      /** Start of the commit record; every change of the transaction is positioned by it. */
      readonly commitLsn: bigint;
      /** Microseconds since 1970-01-01 UTC. */
      readonly commitTime: number;
      readonly xid: number;
    }
  /** After begin: the transaction was first committed on another node, `name`, where it ended at `lsn`. */
  | {readonly kind: 'origin'; readonly name: string; readonly lsn: bigint}
  | RowChange
  | {readonly kind: 'truncate'; readonly relations: readonly Relation[]; readonly lsn: bigint}
  | LogicalDecodingMessage
  | {readonly kind: 'commit'; readonly endLsn: bigint}
  /** Nothing of ours up to here: the server's keepalive, only between transactions. */
  | {readonly kind: 'idle'; readonly endLsn: bigint};

/** What `pg_logical_emit_message` wrote. */
export interface LogicalDecodingMessage {
  readonly kind: 'message';
  readonly prefix: string;
  readonly content: Uint8Array;
  /** Part of the transaction between whose begin and commit it stands; others stand between transactions only. */
  readonly transactional: boolean;
  /** Where its WAL record ends: the position behind one that is not transactional. */
  readonly lsn: bigint;
}

export interface RowChange {
  readonly kind: 'insert' | 'update' | 'delete';
  readonly relation: Relation;
  /** `walStart` of the message: `source.lsn`. Not unique, and not ordered across transactions. */
  readonly lsn: bigint;
  /** The old tuple where Postgres sent one: the key's columns, or the whole row under REPLICA IDENTITY FULL. */
  readonly before: Tuple | undefined;
  readonly after: Tuple | undefined;
}
