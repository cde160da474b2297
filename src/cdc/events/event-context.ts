import {debeziumVersion} from './debezium-profile.ts';
import type {DebeziumProfile} from './debezium-profile.ts';

/** `source.snapshot` of the rows of an initial snapshot. */
export type SnapshotMarker =
  'first' | 'first_in_data_collection' | 'true' | 'last_in_data_collection' | 'last';

/** Text of what a row of an incremental snapshot does not have. */
const NONE = 'null';
/** `op` of an event about a table. */
export type Operation = 'c' | 'u' | 'd' | 'r' | 't';

/** The node of a replicated database that a transaction was first committed on, and where there. */
export interface Origin {
  readonly name: string;
  readonly lsn: bigint;
}

/**
 * What the change events of one transaction (or run of snapshot rows) have in common.
 *
 * One object for the life of a connector; `serial` changes whenever `source` would answer differently.
 */
export class EventContext {
  serial = 0;
  /** Milliseconds: the record's timestamp. */
  timestamp = 0;

  readonly profile: DebeziumProfile;
  readonly #name: string;
  readonly #database: string;
  #micros = 0;
  #xid: number | null = 0;
  /** Whether the events have an LSN: rows of an incremental snapshot have none. */
  #hasLsn = true;
  #snapshot: SnapshotMarker | 'incremental' | 'false' = 'false';
  #lastCommitLsn: bigint | null = null;
  #origin: Origin | undefined;
  #processedAt = -1;
  #endings: Readonly<Record<Operation, string>> | undefined;

  constructor(topicPrefix: string, database: string, profile: DebeziumProfile = '3') {
    this.profile = profile;
    this.#name = JSON.stringify(topicPrefix);
    this.#database = JSON.stringify(database);
  }

  /** `commitTime` in microseconds; `lastCommitLsn` is the end of the transaction before, null when none was seen. */
  transaction(commitTime: number, xid: number, lastCommitLsn: bigint | null): void {
    this.#set(commitTime, xid);
    this.#snapshot = 'false';
    this.#lastCommitLsn = lastCommitLsn;
  }

  /** A message outside of any transaction, seen at `seenAt` (microseconds): it is its own commit. */
  loneMessage(seenAt: number, lsn: bigint): void {
    this.#set(seenAt, null);
    this.#snapshot = 'false';
    this.#lastCommitLsn = lsn;
  }

  /** `takenAt` in microseconds. */
  snapshot(takenAt: number, xid: number, marker: SnapshotMarker): void {
    this.#set(takenAt, xid);
    // Debezium 1.9 knows the last row of a snapshot only.
    this.#snapshot = this.profile === '1' && marker !== 'last' ? 'true' : marker;
    this.#lastCommitLsn = null;
  }

  /** Rows of an incremental snapshot, read at `readAt` (microseconds) and published within the stream; they have no LSN. */
  incremental(readAt: number, lastCommitLsn: bigint | null): void {
    this.#set(readAt, null, false);
    this.#snapshot = 'incremental';
    this.#lastCommitLsn = lastCommitLsn;
  }

  /** Of the transaction that follows; undefined where it was first committed here. */
  set origin(origin: Origin | undefined) {
    if (origin === this.#origin) return;
    this.#origin = origin;
    this.#endings = undefined;
  }

  /** The wall clock, in microseconds, that the events show as the time of their processing. */
  processedAt(micros: number): void {
    if (micros === this.#processedAt) return;
    this.#processedAt = micros;
    this.#endings = undefined;
  }

  /** Milliseconds. */
  get processedMs(): number {
    return Math.floor(this.#processedAt / 1000);
  }

  /**
   * The pieces of the source block of a table's events, between which the LSN stands, once as text and once as a number,
   * or nothing at all where there is none. `table` is `"schema":…,"table":…`. After the second LSN comes `sourceEnd`.
   */
  source(table: string): readonly [head: string, middle: string] {
    const micros = this.#micros;
    const last = this.#lastCommitLsn;
    const lastText = last === null ? 'null' : `\\"${last}\\"`;
    const times = this.profile === '1' ? '' : `"ts_us":${micros},"ts_ns":${nanos(micros)},`;
    const quote = this.#hasLsn ? '\\"' : '';
    const none = this.#hasLsn ? '' : NONE;
    return [
      `,"source":{"version":"${debeziumVersion[this.profile]}","connector":"postgresql","name":${this.#name},"ts_ms":${this.timestamp},"snapshot":"${this.#snapshot}","db":${this.#database},"sequence":"[${lastText},${quote}${none}`,
      `${quote}]",${times}${table},"txId":${this.#xid},"lsn":${none}`,
    ];
  }

  /** The source block from after its LSN. */
  get sourceEnd(): string {
    if (this.profile === '1') return ',"xmin":null}';
    const origin = this.#origin;
    if (origin === undefined) return ',"xmin":null,"origin":null,"origin_lsn":null}';
    return `,"xmin":null,"origin":${JSON.stringify(origin.name)},"origin_lsn":${origin.lsn}}`;
  }

  /** An envelope from after the LSN of its source block; `block` is the JSON of its transaction block, if it has one. */
  ending(op: Operation, block?: string): string {
    if (block !== undefined) return this.#ending(op, block);
    this.#endings ??= {
      c: this.#ending('c', 'null'),
      u: this.#ending('u', 'null'),
      d: this.#ending('d', 'null'),
      r: this.#ending('r', 'null'),
      t: this.#ending('t', 'null'),
    };
    return this.#endings[op];
  }

  #ending(op: Operation, block: string): string {
    const micros = this.#processedAt;
    const ms = this.processedMs;
    if (this.profile === '1')
      return `${this.sourceEnd},"op":"${op}","ts_ms":${ms},"transaction":${block}}`;
    return `${this.sourceEnd},"transaction":${block},"op":"${op}","ts_ms":${ms},"ts_us":${micros},"ts_ns":${nanos(micros)}}`;
  }

  #set(micros: number, xid: number | null, hasLsn = true): void {
    this.serial++;
    this.#hasLsn = hasLsn;
    this.timestamp = Math.floor(micros / 1000);
    this.#micros = micros;
    this.#xid = xid;
  }
}

/** Beyond 2^53, so it is written as text. */
function nanos(micros: number): string {
  return micros === 0 ? '0' : `${micros}000`;
}
