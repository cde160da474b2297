import type {SnapshotEstimate} from '../replication-source.ts';

/** How far a snapshot is, under the names of Debezium's snapshot metrics. Estimates are the database's and may be wrong. */
export interface SnapshotStatus {
  readonly state: 'running' | 'completed' | 'aborted';
  readonly totalTableCount: number;
  readonly remainingTableCount: number;
  readonly rowsScanned: number;
  readonly durationInSeconds: number;
  /** 100 only once it is complete. */
  readonly percent: number;
  readonly rowsPerSecond: number;
  /** Null until something is known, and where more rows have come than were estimated. */
  readonly etaSeconds: number | null;
  /** By `schema.table`. */
  readonly tables: Readonly<Record<string, TableStatus>>;
}

export interface TableStatus {
  readonly state: 'waiting' | 'running' | 'completed';
  readonly rowsScanned: number;
  readonly estimatedRows: number;
  readonly percent: number;
  readonly rowsPerSecond: number;
  readonly etaSeconds: number | null;
}

interface TableProgress {
  readonly estimatedRows: number;
  rows: number;
  /** Milliseconds; undefined until its first rows, and until its last. */
  startedAt: number | undefined;
  endedAt: number | undefined;
}

/** Counts a snapshot's rows against their estimates. Times are milliseconds of one clock. */
export class SnapshotProgress {
  readonly #tables = new Map<string, TableProgress>();
  readonly #startedAt: number;
  #end: {readonly state: 'completed' | 'aborted'; readonly at: number} | undefined;

  constructor(estimates: readonly SnapshotEstimate[], now: number) {
    this.#startedAt = now;
    for (const {table, estimatedRows} of estimates) this.#add(table, estimatedRows);
  }

  /** Rows of a table were read, `lastOfTable` if they were its last. Returns how many it has so far. */
  scanned(table: string, rows: number, lastOfTable: boolean, now: number): number {
    const progress = this.#tables.get(table) ?? this.#add(table, 0);
    progress.startedAt ??= now;
    progress.rows += rows;
    if (lastOfTable) progress.endedAt = now;
    return progress.rows;
  }

  end(state: 'completed' | 'aborted', now: number): void {
    this.#end ??= {state, at: now};
  }

  status(now: number): SnapshotStatus {
    const all = [...this.#tables.values()];
    const done = sum(all, ({rows}) => rows);
    // A table that has ended is as large as it was.
    const expected = sum(all, ({rows, endedAt, estimatedRows}) =>
      endedAt === undefined ? Math.max(rows, estimatedRows) : rows,
    );
    const {state = 'running', at: until = now} = this.#end ?? {};
    const seconds = (until - this.#startedAt) / 1000;
    return {
      state,
      totalTableCount: all.length,
      remainingTableCount: all.filter(({endedAt}) => endedAt === undefined).length,
      rowsScanned: done,
      durationInSeconds: seconds,
      ...forecast(done, expected, seconds, state === 'completed'),
      tables: Object.fromEntries(
        [...this.#tables].map(([name, table]) => [name, tableStatus(table, until)]),
      ),
    };
  }

  #add(table: string, estimatedRows: number): TableProgress {
    const progress = {estimatedRows, rows: 0, startedAt: undefined, endedAt: undefined};
    this.#tables.set(table, progress);
    return progress;
  }
}

function tableStatus(table: TableProgress, now: number): TableStatus {
  const {rows, estimatedRows, startedAt, endedAt} = table;
  const isComplete = endedAt !== undefined;
  const seconds = ((endedAt ?? now) - (startedAt ?? now)) / 1000;
  return {
    state: isComplete ? 'completed' : startedAt === undefined ? 'waiting' : 'running',
    rowsScanned: rows,
    estimatedRows,
    ...forecast(rows, Math.max(rows, estimatedRows), seconds, isComplete),
  };
}

function forecast(
  rows: number,
  expected: number,
  seconds: number,
  isComplete: boolean,
): Pick<TableStatus, 'percent' | 'rowsPerSecond' | 'etaSeconds'> {
  const rate = seconds > 0 ? rows / seconds : 0;
  const isKnown = rate > 0 && expected > rows;
  return {
    percent: isComplete ? 100 : Math.min(99, Math.floor((100 * rows) / Math.max(1, expected))),
    rowsPerSecond: Math.round(rate),
    etaSeconds: isComplete ? 0 : isKnown ? Math.ceil((expected - rows) / rate) : null,
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
