import {DEBEZIUM_VERSION} from './change-event-schema.ts';

/** `source.snapshot` of the rows of an initial snapshot. */
export type SnapshotMarker =
  'first' | 'first_in_data_collection' | 'true' | 'last_in_data_collection' | 'last';

/** Text of what a row of an incremental snapshot does not have. */
const NONE = 'null';

/**
 * What the change events of one transaction (or run of snapshot rows) have in common.
 *
 * One object for the life of a connector; `serial` changes whenever `source` would answer differently.
 */
export class EventContext {
  serial = 0;
  /** Milliseconds: the record's timestamp. */
  timestamp = 0;

  readonly #name: string;
  readonly #database: string;
  #micros = 0;
  #xid: number | null = 0;
  #snapshot: SnapshotMarker | 'incremental' | 'false' = 'false';
  #lastCommitLsn: bigint | null = null;
  #processedAt = -1;
  #processed = '';

  constructor(topicPrefix: string, database: string) {
    this.#name = JSON.stringify(topicPrefix);
    this.#database = JSON.stringify(database);
  }

  /** `commitTime` in microseconds; `lastCommitLsn` is the end of the transaction before, null when none was seen. */
  transaction(commitTime: number, xid: number, lastCommitLsn: bigint | null): void {
    this.#set(commitTime, xid);
    this.#snapshot = 'false';
    this.#lastCommitLsn = lastCommitLsn;
  }

  /** `takenAt` in microseconds. */
  snapshot(takenAt: number, xid: number, marker: SnapshotMarker): void {
    this.#set(takenAt, xid);
    this.#snapshot = marker;
    this.#lastCommitLsn = null;
  }

  /** Rows of an incremental snapshot, read at `readAt` (microseconds) and published within the stream; they have no LSN. */
  incremental(readAt: number, lastCommitLsn: bigint | null): void {
    this.#set(readAt, null);
    this.#snapshot = 'incremental';
    this.#lastCommitLsn = lastCommitLsn;
  }

  /** The wall clock, in microseconds, that the events show as the time of their processing. */
  processedAt(micros: number): void {
    if (micros === this.#processedAt) return;
    this.#processedAt = micros;
    this.#processed = `","ts_ms":${Math.floor(micros / 1000)},"ts_us":${micros},"ts_ns":${nanos(micros)}}`;
  }

  /** What follows `op` in an envelope, to its end. */
  get processed(): string {
    return this.#processed;
  }

  /**
   * The pieces of the source block of a table's events, between which the LSN stands, once as text and once as a number,
   * or nothing at all where there is none. `table` is `"schema":…,"table":…`.
   */
  source(table: string): readonly [head: string, middle: string] {
    const micros = this.#micros;
    const last = this.#lastCommitLsn;
    const lastText = last === null ? 'null' : `\\"${last}\\"`;
    const hasLsn = this.#xid !== null;
    const quote = hasLsn ? '\\"' : '';
    return [
      `,"source":{"version":"${DEBEZIUM_VERSION}","connector":"postgresql","name":${this.#name},"ts_ms":${this.timestamp},"snapshot":"${this.#snapshot}","db":${this.#database},"sequence":"[${lastText},${hasLsn ? quote : NONE}`,
      `${quote}]","ts_us":${micros},"ts_ns":${nanos(micros)},${table},"txId":${this.#xid},"lsn":${hasLsn ? '' : NONE}`,
    ];
  }

  #set(micros: number, xid: number | null): void {
    this.serial++;
    this.timestamp = Math.floor(micros / 1000);
    this.#micros = micros;
    this.#xid = xid;
  }
}

/** Beyond 2^53, so it is written as text. */
function nanos(micros: number): string {
  return micros === 0 ? '0' : `${micros}000`;
}
