import type {Client} from 'pg';
import type {Relation, SnapshotBatch, Tuple} from '../replication-source.ts';
import {parseCopyRow} from './copy-text.ts';
import {CopyStream} from './copy-stream.ts';
import {quote} from './publication.ts';

export interface SnapshotTable {
  readonly relation: Relation;
  readonly partitioned: boolean;
}

export interface SnapshotPosition {
  readonly consistentPoint: bigint;
  readonly xid: number;
  readonly takenAt: number;
}

interface FastBuffer extends Buffer {
  utf8Slice(start: number, end: number): string;
}

const batchRows = 2_000;
/** Wide rows make smaller batches. */
const batchBytes = 1 << 20;

/**
 * The rows of `tables`, one table after another, as `client`'s transaction sees them; at least one batch per table.
 *
 * Reads at most one batch ahead of the consumer.
 */
export async function* readSnapshot(
  client: Client,
  tables: readonly SnapshotTable[],
  position: SnapshotPosition,
): AsyncGenerator<SnapshotBatch> {
  for (const [index, table] of tables.entries()) {
    const lastTable = index === tables.length - 1;
    let first = true;
    let rows: readonly Tuple[] = [];
    const batch = (lastOfTable: boolean): SnapshotBatch => ({
      ...position,
      relation: table.relation,
      rows,
      firstOfTable: first,
      lastOfTable,
      firstOfSnapshot: first && index === 0,
      lastOfSnapshot: lastOfTable && lastTable,
    });
    // One batch behind, to know the last one.
    for await (const next of copyRows(client, table)) {
      if (rows.length > 0) {
        yield batch(false);
        first = false;
      }
      rows = next;
    }
    yield batch(true);
  }
}

async function* copyRows(client: Client, table: SnapshotTable): AsyncGenerator<readonly Tuple[]> {
  const batches: Tuple[][] = [];
  let rows: Tuple[] = [];
  let bytes = 0;
  let ended = false;
  let failure = undefined as Error | undefined;
  let wake: (() => void) | undefined;
  const cut = (): void => {
    if (rows.length > 0) batches.push(rows);
    rows = [];
    bytes = 0;
  };
  const copy = new CopyStream(copyCommand(table), {
    onData: (buffer, start, end) => {
      // Without the line end.
      rows.push(parseCopyRow((buffer as unknown as FastBuffer).utf8Slice(start, end - 1)));
      bytes += end - start;
      if (rows.length < batchRows && bytes < batchBytes) return;
      cut();
      copy.hold();
    },
    onChunk: () => {
      if (batches.length > 0) wake?.();
    },
    onEnd: (error) => {
      ended = true;
      failure = error;
      cut();
      wake?.();
    },
  });
  client.query(copy);
  for (;;) {
    const batch = batches.shift();
    if (batch !== undefined) {
      copy.release();
      yield batch;
    } else if (failure !== undefined) {
      throw failure;
    } else if (ended) {
      return;
    } else {
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
}

/** Columns by name: the stream has no generated ones; ONLY: a child by inheritance is a table of its own in the stream. */
function copyCommand({relation, partitioned}: SnapshotTable): string {
  const columns = relation.columns.map(({name}) => quote(name)).join(', ');
  const only = partitioned ? '' : 'ONLY ';
  return `COPY (SELECT ${columns} FROM ${only}${quote(relation.schema)}.${quote(relation.table)}) TO STDOUT`;
}
