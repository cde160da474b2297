import {DEBEZIUM_VERSION} from './change-event-schema.ts';
import {asciiString} from './types/json-text.ts';

/** `source.snapshot` of snapshot rows. */
export type SnapshotMarker =
  'first' | 'first_in_data_collection' | 'true' | 'last_in_data_collection' | 'last';

/**
 * What the change events of one transaction (or run of snapshot rows) have in common, as pieces of JSON text.
 *
 * One object for the life of a connector; `serial` changes whenever the pieces do. All pieces are ASCII.
 */
export class EventContext {
  serial = 0;
  /** Milliseconds: the record's timestamp. */
  timestamp = 0;
  /** Position of the transaction, for the record's header. */
  commitLsn = 0n;
  /** From `,"source":{` up to the LSN inside `sequence`. */
  sourceHead = '';
  /** From after the LSN in `sequence` up to `"schema":`. */
  sourceTimes = '';
  /** `,"txId":…,"lsn":`, up to the LSN. */
  txId = '';
  /** From `","ts_ms":` after `op` to the end of the envelope. */
  processed = '';

  readonly #name: string;
  readonly #database: string;
  #processedAt = -1;

  constructor(topicPrefix: string, database: string) {
    this.#name = asciiString(topicPrefix);
    this.#database = asciiString(database);
  }

  /** `commitTime` in microseconds; `lastCommitLsn` is the end of the transaction before, null when none was seen. */
  transaction(
    commitLsn: bigint,
    commitTime: number,
    xid: number,
    lastCommitLsn: bigint | null,
  ): void {
    const last = lastCommitLsn === null ? 'null' : `\\"${lastCommitLsn}\\"`;
    this.#set(commitLsn, commitTime, xid, 'false', last);
  }

  /** `takenAt` in microseconds. */
  snapshot(consistentPoint: bigint, takenAt: number, xid: number, marker: SnapshotMarker): void {
    this.#set(consistentPoint, takenAt, xid, marker, 'null');
  }

  /** The wall clock that the events show as the time of their processing. */
  processedAt(micros: number): void {
    if (micros === this.#processedAt) return;
    this.#processedAt = micros;
    this.processed = `","ts_ms":${millis(micros)},"ts_us":${micros},"ts_ns":${nanos(micros)}}`;
  }

  #set(lsn: bigint, micros: number, xid: number, snapshot: string, last: string): void {
    this.serial++;
    this.commitLsn = lsn;
    this.timestamp = millis(micros);
    this.sourceHead = `,"source":{"version":"${DEBEZIUM_VERSION}","connector":"postgresql","name":${this.#name},"ts_ms":${this.timestamp},"snapshot":"${snapshot}","db":${this.#database},"sequence":"[${last},\\"`;
    this.sourceTimes = `\\"]","ts_us":${micros},"ts_ns":${nanos(micros)},"schema":`;
    this.txId = `,"txId":${xid},"lsn":`;
  }
}

const millis = (micros: number): number => Math.floor(micros / 1000);

/** Beyond 2^53, so it is written as text. */
const nanos = (micros: number): string => (micros === 0 ? '0' : `${micros}000`);
