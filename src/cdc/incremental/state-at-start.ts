import type {DurableOffset} from '../offset-store.ts';
import {nothingToRead, withTablesQueued} from './incremental-state.ts';
import type {IncrementalState} from './incremental-state.ts';

/**
 * What is to be read beside the stream when it goes on at `durable`: what was left, the tables that an initial snapshot
 * did not come to the end of, and those of `tables` that are captured only now (with `snapshot.mode: never`, no rows of
 * before are wanted).
 */
export function stateAtStart(
  durable: DurableOffset | undefined,
  tables: readonly string[],
  snapshotMode: string,
): IncrementalState {
  if (durable === undefined) return nothingToRead;
  const state = durable.incremental ?? nothingToRead;
  const {snapshot} = durable;
  const unfinished =
    snapshot === undefined ? [] : tables.filter((table) => !snapshot.completed.includes(table));
  const known = durable.tables;
  const added =
    known === undefined || snapshotMode === 'never'
      ? []
      : tables.filter((table) => !known.includes(table));
  return withTablesQueued(state, [...unfinished, ...added], {isInitial: true});
}
