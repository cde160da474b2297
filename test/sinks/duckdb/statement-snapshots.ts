import {cpSync} from 'node:fs';
import {join} from 'node:path';
import {DuckDBConnection, DuckDBPreparedStatement} from '@duckdb/node-api';

/** The disk between two statements, as a process that was killed there leaves it. */
export interface Snapshot {
  /** The statement that has just run. */
  readonly after: string;
  readonly directory: string;
}

/**
 * Runs `work` and copies `from` behind each statement that DuckDB gets meanwhile, into folders under `into`: what is there
 * before a statement is there behind the last one.
 *
 * What a process that is killed leaves is what the system's cache holds, and that is what a copy reads; so each copy is what
 * the next process finds after a kill at that statement.
 */
export async function statementSnapshots(
  from: string,
  into: string,
  work: () => Promise<void>,
): Promise<readonly Snapshot[]> {
  const snapshots: Snapshot[] = [];
  const copy = (after: string): void => {
    const directory = join(into, String(snapshots.length));
    cpSync(from, directory, {recursive: true});
    snapshots.push({after, directory});
  };
  const restore = [
    intercepted(DuckDBConnection.prototype, 'run', copy),
    intercepted(DuckDBConnection.prototype, 'runAndReadAll', copy),
    intercepted(DuckDBConnection.prototype, 'stream', copy),
    intercepted(DuckDBPreparedStatement.prototype, 'run', copy),
  ];
  try {
    await work();
  } finally {
    for (const undo of restore) undo();
  }
  return snapshots;
}

type Run = (this: object, ...args: unknown[]) => Promise<unknown>;

/** Replaces a method by one that copies behind it; returns what puts the old one back. */
function intercepted(prototype: object, method: string, copy: (after: string) => void): () => void {
  const methods = prototype as Record<string, Run>;
  const original = methods[method] as Run;
  methods[method] = async function (...args) {
    const [sql = 'the prepared statement'] = args;
    const result = await original.apply(this, args);
    copy(String(sql));
    return result;
  };
  return () => {
    methods[method] = original;
  };
}
