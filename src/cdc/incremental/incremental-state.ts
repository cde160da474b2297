import {anchoredPattern} from '../../common/anchored-pattern.ts';
import type {SignalledSnapshot} from './signal.ts';

/** What incremental snapshots still have to read; kept in the durable offset, so plain JSON. */
export interface IncrementalState {
  readonly isPaused: boolean;
  /** Asked for, and not looked up in the catalog yet. */
  readonly requested: readonly RequestedTables[];
  /** In order: the first is being read. */
  readonly tables: readonly IncrementalTable[];
}

export interface RequestedTables {
  /** A regular expression for the whole `schema.table`. */
  readonly pattern: string;
  /** An SQL condition for its rows. */
  readonly filter?: string;
}

export interface IncrementalTable {
  /** `schema.table`. */
  readonly table: string;
  readonly filter?: string;
  /** Read in place of an initial snapshot: nobody has asked for all of its rows. */
  readonly isInitial?: true;
  /** Rows read so far. */
  readonly rows: number;
  /** Values of the key columns of the last row that was read; absent before the first chunk. */
  readonly after?: readonly string[];
  /** Those of the last row that there was when the first chunk was read: later rows come as changes. */
  readonly upTo?: readonly string[];
}

/** What a chunk has brought. */
export interface ChunkProgress {
  readonly rows: number;
  /** Key of its last row. */
  readonly after: readonly string[] | undefined;
  readonly upTo: readonly string[] | undefined;
  readonly isLast: boolean;
}

export const nothingToRead: IncrementalState = {isPaused: false, requested: [], tables: []};

export function isIdle({requested, tables}: IncrementalState): boolean {
  return requested.length === 0 && tables.length === 0;
}

/** Behind what is asked for already. */
export function withRequest(
  state: IncrementalState,
  {collections, filterOf}: SignalledSnapshot,
): IncrementalState {
  const requested = collections.map((pattern): RequestedTables => {
    const filter = filterOf(pattern);
    return filter === undefined ? {pattern} : {pattern, filter};
  });
  return {...state, requested: [...state.requested, ...requested]};
}

/** `names` are the tables of the first request. */
export function withTablesFound(
  state: IncrementalState,
  names: readonly string[],
): IncrementalState {
  const [request, ...requested] = state.requested;
  const {filter} = request ?? {};
  return withTablesQueued({...state, requested}, names, filter === undefined ? {} : {filter});
}

/** Behind those that wait, of which none is read twice. */
export function withTablesQueued(
  state: IncrementalState,
  names: readonly string[],
  read: Pick<IncrementalTable, 'filter' | 'isInitial'> = {},
): IncrementalState {
  const waiting = new Set(state.tables.map(({table}) => table));
  const queued = [...new Set(names)]
    .filter((table) => !waiting.has(table))
    .map((table): IncrementalTable => ({table, ...read, rows: 0}));
  return {...state, tables: [...state.tables, ...queued]};
}

/** The first table as `progress` leaves it: gone after its last chunk. */
export function afterChunk(state: IncrementalState, progress: ChunkProgress): IncrementalState {
  const [current, ...others] = state.tables;
  if (current === undefined) return state;
  if (progress.isLast) return {...state, tables: others};
  const {after, upTo} = progress;
  const next: IncrementalTable = {
    ...current,
    rows: current.rows + progress.rows,
    ...(after !== undefined && {after}),
    ...(upTo !== undefined && {upTo}),
  };
  return {...state, tables: [next, ...others]};
}

/** Without the tables that one of `patterns` matches, or without any where there are none. */
export function withoutTables(
  state: IncrementalState,
  patterns: readonly string[],
): IncrementalState {
  if (patterns.length === 0) return {...state, requested: [], tables: []};
  const matches = (table: string): boolean =>
    patterns.some((pattern) => matchesTable(pattern, table));
  return {
    ...state,
    requested: state.requested.filter(({pattern}) => !patterns.includes(pattern)),
    tables: state.tables.filter(({table}) => !matches(table)),
  };
}

/** Whether the regular expression matches `schema.table`, as those of `table.include.list` do; one that is none is a name. */
export function matchesTable(pattern: string, table: string): boolean {
  if (pattern === table) return true;
  try {
    return anchoredPattern(pattern).test(table);
  } catch {
    return false;
  }
}
