import type {Relation} from './replication-source.ts';
import type {Tuple} from './tuple.ts';

/** Prefix of the logical messages that mark where in the WAL a chunk was read. */
export const WATERMARK_PREFIX = 'millrace.watermark';

/** What an incremental snapshot needs of a database, beside its stream. Implemented by the sources. */
export interface ChunkSource {
  /** The captured tables whose `schema.table` matches, in order of their names. */
  tablesMatching(pattern: string): Promise<readonly string[]>;
  /** Those of `tables` (`schema.table`) that have no primary key. */
  withoutKey(tables: readonly string[]): Promise<readonly string[]>;
  /**
   * Reads the next rows of a table in the order of its primary key, hands them to `accept`, and where that returns true
   * writes `watermark` to the WAL, as a message that the stream brings. Between the two no DDL changes the table.
   *
   * Anything but `accepted` has left no watermark: `no table`, it is gone; `no key`, it has no primary key.
   *
   * @throws RetriableError or FatalError with the remedy.
   */
  readChunk(
    request: ChunkRequest,
    accept: (chunk: SnapshotChunk) => boolean,
  ): Promise<'accepted' | 'declined' | 'no table' | 'no key'>;
}

export interface ChunkRequest {
  /** `schema.table`. */
  readonly table: string;
  /** Key of the row before; undefined for the first chunk. */
  readonly after: readonly string[] | undefined;
  /** Key of the last row to read; undefined for the first chunk, which finds it. */
  readonly upTo: readonly string[] | undefined;
  /** An SQL condition. */
  readonly filter: string | undefined;
  /** Whether it is read in place of an initial snapshot, which may have a query of its own for the table. */
  readonly isInitial: boolean;
  /** Rows at most. */
  readonly limit: number;
  readonly watermark: string;
}

export interface SnapshotChunk {
  readonly relation: Relation;
  /** The primary key's columns, in its order. */
  readonly keyColumns: readonly string[];
  readonly rows: readonly Tuple[];
  /** Key of the last row of the table; undefined where it is empty. */
  readonly upTo: readonly string[] | undefined;
  /** Microseconds since 1970 at which it was read. */
  readonly readAt: number;
  /** Transactions that ran when it was read: what they have written is not in it. */
  readonly running: readonly number[];
  /** How many rows the table has, by the statistics; undefined where there are none. */
  readonly estimatedRows: number | undefined;
}
