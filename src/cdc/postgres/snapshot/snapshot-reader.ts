import type {Client} from 'pg';
import type {SnapshotBatch} from '../../replication-source.ts';
import type {Tuple} from '../../tuple.ts';
import {copyRows} from './copy-rows.ts';
import {snapshotParts} from './snapshot-parts.ts';
import type {SnapshotPart, SnapshotTable} from './snapshot-parts.ts';

export interface SnapshotPosition {
  readonly consistentPoint: bigint;
  readonly xid: number;
  /** Microseconds since 1970-01-01 UTC, by the server's clock. */
  readonly takenAt: number;
}

/** Transactions on one exported snapshot, ready to be read. */
export interface OpenSnapshot {
  /** One connection for each thread. */
  readonly readers: readonly Client[];
  readonly tables: readonly SnapshotTable[];
  readonly position: SnapshotPosition;
}

/** Rows of the table with this index; without rows when a part of it has ended. */
interface ReadRows {
  readonly table: number;
  readonly rows?: readonly Tuple[];
}

/** What is known of a table while it is read. */
interface OpenTable {
  parts: number;
  begun: boolean;
  /** The newest rows: one batch behind, to know the last one. */
  held: readonly Tuple[];
}

/**
 * The rows of the tables as the snapshot sees them, `fetchSize` at most in a batch; at least one batch per table.
 *
 * Each reader takes the next part when it has ended one, so tables end about in their order. In memory there are at most
 * three batches for each reader. A failure leaves the other readers in the middle of theirs.
 */
export async function* readSnapshot(
  {readers, tables, position}: OpenSnapshot,
  {fetchSize, rangeBlocks}: {readonly fetchSize: number; readonly rangeBlocks: number},
): AsyncGenerator<SnapshotBatch> {
  const parts = snapshotParts(tables, {readers: readers.length, rangeBlocks});
  const open = tables.map((): OpenTable => ({parts: 0, begun: false, held: []}));
  for (const {table} of parts) (open[table] as OpenTable).parts++;
  const queue = parts.values();
  let tablesLeft = tables.length;
  let firstOfSnapshot = true;
  const take = (index: number, lastOfTable: boolean): SnapshotBatch => {
    const table = open[index] as OpenTable;
    const batch = {
      ...position,
      relation: (tables[index] as SnapshotTable).relation,
      rows: table.held,
      firstOfTable: !table.begun,
      lastOfTable,
      firstOfSnapshot,
      lastOfSnapshot: lastOfTable && tablesLeft === 0,
    };
    table.begun = true;
    firstOfSnapshot = false;
    return batch;
  };
  for await (const {table: index, rows} of merged(
    readers.map((reader) => readParts(reader, queue, tables, fetchSize)),
  )) {
    const table = open[index] as OpenTable;
    if (rows !== undefined) {
      if (table.held.length > 0) yield take(index, false);
      table.held = rows;
    } else if (--table.parts === 0) {
      tablesLeft--;
      yield take(index, true);
      table.held = [];
    }
  }
}

async function* readParts(
  reader: Client,
  queue: Iterator<SnapshotPart>,
  tables: readonly SnapshotTable[],
  batchRows: number,
): AsyncGenerator<ReadRows> {
  for (let next = queue.next(); next.done !== true; next = queue.next()) {
    const {table, command} = next.value;
    const {relation} = tables[table] as SnapshotTable;
    for await (const rows of copyRows(reader, command, relation, batchRows)) yield {table, rows};
    yield {table};
  }
}

/** The items of all in turns, as they come; each is asked for its next one when the one before was taken. */
async function* merged<T>(all: readonly AsyncGenerator<T>[]): AsyncGenerator<T> {
  const pending = new Map<AsyncGenerator<T>, Promise<[AsyncGenerator<T>, IteratorResult<T>]>>();
  const ask = async (each: AsyncGenerator<T>): Promise<[AsyncGenerator<T>, IteratorResult<T>]> => [
    each,
    await each.next(),
  ];
  const advance = (each: AsyncGenerator<T>): void => {
    const answer = ask(each);
    // The first failure ends the loop; nobody waits for the others.
    answer.catch(() => undefined);
    pending.set(each, answer);
  };
  for (const each of all) advance(each);
  while (pending.size > 0) {
    const [each, result] = await Promise.race(pending.values());
    // Asked again it goes to the end, so that those before it have their turn.
    pending.delete(each);
    if (result.done === true) continue;
    yield result.value;
    advance(each);
  }
}
