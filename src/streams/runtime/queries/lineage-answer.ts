/** What `/api/lineage/<topic>/<key>` answers. Times are ISO 8601 in UTC. */
export interface LineageAnswer {
  readonly topic: string;
  readonly key: unknown;
  /** What was written under the key, the newest first. */
  readonly records: readonly RecordAnswer[];
  /** Versions that wait for a row of a table, and are not written yet. */
  readonly waiting: readonly WaitingAnswer[];
  /** Where was looked, and what was not found there. */
  readonly notes: readonly string[];
}

export interface RecordAnswer {
  readonly partition: number;
  /** Undefined for the row of a table, which stands in the compacted topic. */
  readonly offset?: number;
  readonly value: unknown;
  /** The rows that it is in warehouses. */
  readonly warehouse: readonly WarehouseRow[];
  /** Null where the record has none: it was written before there was any, or `lineage.enabled` is false. */
  readonly lineage: LineageNode | null;
}

export interface WarehouseRow {
  readonly sink: string;
  readonly table: string;
  readonly partition: number;
  readonly offset: number;
}

export interface WaitingAnswer {
  /** The table that has no such row yet, and the key of the row. */
  readonly for: {readonly table: string; readonly key: unknown};
  readonly value: unknown;
  readonly lineage: LineageNode | null;
}

/** A change, and its way to where it is now. */
export interface LineageNode {
  readonly change: ChangeAnswer | null;
  readonly steps: readonly StepAnswer[];
  /** When it was complete: the last time that is in it. */
  readonly at: string | null;
  /** Steps are missing at the end. */
  readonly isTruncated: boolean;
}

/** A change as its source has it. */
export interface ChangeAnswer {
  readonly source: string | null;
  readonly lsn: string | null;
  /** Within its transaction, from 1. */
  readonly ordinal: number | null;
  /** It was read by a snapshot. */
  readonly isSnapshot: boolean;
  readonly table: string | null;
  readonly key: unknown;
  readonly committedAt: string;
  /** The change event as it stands in its topic; null where that is gone. */
  readonly event: unknown;
}

export type StepAnswer = ReadAnswer | JoinAnswer;

export interface ReadAnswer {
  readonly kind: 'read';
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly at: string;
  /** Milliseconds since the step before, or since the commit. */
  readonly tookMs: number;
}

export interface JoinAnswer {
  readonly kind: 'join';
  readonly table: string;
  /** How long the record waited for the row, in milliseconds; null where it was there. */
  readonly waitedMs: number | null;
  /** Null where the row was stored before lineages were. */
  readonly row: LineageNode | null;
}
