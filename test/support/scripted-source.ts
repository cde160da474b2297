import {WATERMARK_PREFIX} from '../../src/cdc/chunk-source.ts';
import type {ChunkRequest, SnapshotChunk} from '../../src/cdc/chunk-source.ts';
import {matchesTable} from '../../src/cdc/incremental/incremental-state.ts';
import type {
  Relation,
  RelationColumn,
  ReplicationSource,
  RowChange,
  SnapshotBatch,
  SnapshotEstimate,
  SourceEvent,
  SourceOffset,
  SourceStatus,
  StartingPoint,
} from '../../src/cdc/replication-source.ts';
import {tuple, tuplesOfMessage} from './tuple.ts';
import type {Text} from './tuple.ts';

/** One change of a scripted transaction; its LSN is given by the source. */
export type ScriptedChange = Omit<RowChange, 'lsn'>;

interface Transaction {
  readonly commitLsn: bigint;
  readonly endLsn: bigint;
  readonly events: readonly SourceEvent[];
}

export const SYSTEM_ID = '7000000000000000001';
const CONSISTENT_POINT = 1000n;
/** 2024-01-01 00:00:00 UTC in microseconds. */
const EPOCH = 1_704_067_200_000_000;

/**
 * A source with a slot, in memory: `commit` appends a transaction, and every reader gets what was not confirmed again.
 *
 * Like Postgres it forgets what is confirmed: reading from before that throws.
 */
export class ScriptedSource implements ReplicationSource {
  readonly name = 'camel';
  /** What `open` says is captured. */
  tables: readonly string[] = ['customers.customers'];
  /** The rows of tables that incremental snapshots read, by `schema.table`; the key is the first column. */
  readonly rows = new Map<
    string,
    {readonly relation: Relation; readonly rows: (readonly Text[])[]}
  >();
  /** Called between the reading of a chunk and its watermark. */
  onChunkRead: (request: ChunkRequest) => void = () => undefined;
  /** Transactions that a chunk's reader sees as running. */
  running: readonly number[] = [];
  /** Thrown once, by the next `readChunk`. */
  chunkFailure: Error | undefined;
  /** The snapshot's tables, in order. */
  snapshotTables: readonly {
    readonly relation: Relation;
    readonly rows: readonly (readonly Text[])[];
  }[] = [];
  snapshotEstimates: readonly SnapshotEstimate[] = [];
  rowsPerBatch = 2;
  /** How many events come at once; all that there are, by default. */
  eventsPerChunk = Infinity;
  /** The commit of a transaction does not come: its changes do. */
  holdBeforeCommit = false;
  /** At the start nothing is, not even the snapshot. */
  confirmed = 0n;
  confirmations: bigint[] = [];
  opened = 0;
  /** Thrown once, by the next `open`. */
  openFailure: Error | undefined;
  /** Throwing here is dying between Kafka's commit and Postgres' confirmation. */
  onConfirm: (lsn: bigint) => void = () => undefined;
  #lsn = CONSISTENT_POINT;
  #lastEnd = CONSISTENT_POINT;
  #xid = 700;
  #transactions: Transaction[] = [];
  #idle: bigint | undefined;
  #changed = false;
  #wakers = new Set<() => void>();

  /** Appends one transaction; returns its end-LSN. */
  commit(...changes: readonly ScriptedChange[]): bigint {
    return this.#append(changes.map((change) => ({...change, lsn: (this.#lsn += 8n)})));
  }

  #append(events: readonly SourceEvent[]): bigint {
    const commitLsn = (this.#lsn += 8n);
    const endLsn = (this.#lsn += 8n);
    this.#lastEnd = endLsn;
    const xid = ++this.#xid;
    const commitTime = EPOCH + xid;
    const begin: SourceEvent = {kind: 'begin', commitLsn, commitTime, xid};
    const commit: SourceEvent = {kind: 'commit', endLsn};
    this.#transactions.push({commitLsn, endLsn, events: [begin, ...events, commit]});
    this.#wake();
    return endLsn;
  }

  /** Xid of the last transaction. */
  get xid(): number {
    return this.#xid;
  }

  /** End-LSN of the last transaction, as `status` tells it. */
  get end(): string {
    return String(this.#lastEnd);
  }

  truncate(...relations: readonly Relation[]): bigint {
    return this.#append([{kind: 'truncate', relations, lsn: (this.#lsn += 8n)}]);
  }

  /** A transaction with one logical message; returns its end-LSN. */
  message(prefix: string, content: string): bigint {
    const lsn = (this.#lsn += 8n);
    return this.#append([
      {kind: 'message', prefix, content: Buffer.from(content), transactional: true, lsn},
    ]);
  }

  /** The WAL moves on without changes of ours. */
  idle(): bigint {
    this.#idle = this.#lsn += 100n;
    this.#wake();
    return this.#idle;
  }

  async open(durable: SourceOffset | undefined): Promise<StartingPoint> {
    this.opened++;
    const failure = this.openFailure;
    this.openFailure = undefined;
    if (failure !== undefined) throw failure;
    if (durable !== undefined && durable.lsn < this.confirmed) {
      throw new Error(`slot moved: confirmed ${this.confirmed}, durable ${durable.lsn}`);
    }
    if (durable !== undefined) return {kind: 'resume', from: durable, tables: this.tables};
    const from = {lsn: CONSISTENT_POINT, systemId: SYSTEM_ID};
    const {tables, snapshotEstimates: snapshotTables} = this;
    return {kind: 'snapshot', from, tables, ...(snapshotTables.length > 0 && {snapshotTables})};
  }

  async *snapshot(): AsyncGenerator<SnapshotBatch> {
    for (const [index, {relation: of, rows}] of this.snapshotTables.entries()) {
      const lastTable = index === this.snapshotTables.length - 1;
      for (let at = 0; at === 0 || at < rows.length; at += this.rowsPerBatch) {
        const lastOfTable = at + this.rowsPerBatch >= rows.length;
        yield {
          relation: of,
          rows: rows.slice(at, at + this.rowsPerBatch).map(tuple),
          consistentPoint: CONSISTENT_POINT,
          xid: 700,
          takenAt: EPOCH,
          firstOfTable: at === 0,
          lastOfTable,
          firstOfSnapshot: at === 0 && index === 0,
          lastOfSnapshot: lastOfTable && lastTable,
        };
      }
    }
  }

  async *transactions(
    from: SourceOffset,
    signal: AbortSignal,
  ): AsyncGenerator<readonly SourceEvent[]> {
    let position = from.lsn;
    while (!signal.aborted) {
      const next = this.#transactions.filter(({commitLsn}) => commitLsn >= position);
      const events: SourceEvent[] = next.flatMap(({events: all}) => all);
      position = next.at(-1)?.endLsn ?? position;
      if (this.#idle !== undefined && this.#idle > position) {
        position = this.#idle;
        events.push({kind: 'idle', endLsn: position});
      }
      if (this.holdBeforeCommit && events.at(-1)?.kind === 'commit') events.pop();
      while (events.length > 0 && !signal.aborted) yield events.splice(0, this.eventsPerChunk);
      await this.#change(signal);
    }
  }

  async tablesMatching(pattern: string): Promise<readonly string[]> {
    return this.tables.filter((table) => matchesTable(pattern, table));
  }

  async withoutKey(tables: readonly string[]): Promise<readonly string[]> {
    return tables.filter((table) => this.rows.get(table)?.relation.primaryKey.length === 0);
  }

  async readChunk(
    request: ChunkRequest,
    accept: (chunk: SnapshotChunk) => boolean,
  ): Promise<'accepted' | 'declined' | 'no table' | 'no key'> {
    const failure = this.chunkFailure;
    this.chunkFailure = undefined;
    if (failure !== undefined) throw failure;
    const table = this.rows.get(request.table);
    if (table === undefined) return 'no table';
    const keyColumns = table.relation.primaryKey;
    if (keyColumns.length === 0) return 'no key';
    const sorted = table.rows.toSorted((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
    const last = sorted.at(-1)?.[0];
    const upTo = request.upTo ?? (typeof last === 'string' ? [last] : undefined);
    const [after = ''] = request.after ?? [];
    const rows = sorted
      .filter(
        ([key]) => String(key) > after && upTo !== undefined && String(key) <= String(upTo[0]),
      )
      .slice(0, request.limit)
      .map(tuple);
    const {relation: of} = table;
    const {running} = this;
    const chunk = {relation: of, keyColumns, rows, upTo, readAt: EPOCH, running, estimatedRows: 9};
    this.onChunkRead(request);
    if (!accept(chunk)) return 'declined';
    this.message(WATERMARK_PREFIX, request.watermark);
    return 'accepted';
  }

  confirm(lsn: bigint): void {
    this.onConfirm(lsn);
    this.confirmations.push(lsn);
    if (lsn > this.confirmed) this.confirmed = lsn;
    this.#transactions = this.#transactions.filter(({endLsn}) => endLsn > this.confirmed);
  }

  status(): SourceStatus {
    const lagBytes = Number(this.#lsn - this.confirmed);
    return {slot: 'camel', confirmedLsn: String(this.confirmed), lagBytes};
  }

  async close(): Promise<void> {}

  #wake(): void {
    this.#changed = true;
    for (const wake of this.#wakers) wake();
  }

  /** Resolves when something has happened since the last call. */
  async #change(signal: AbortSignal): Promise<void> {
    if (this.#changed || signal.aborted) {
      this.#changed = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#wakers.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#wakers.add(done);
      signal.addEventListener('abort', done);
    });
    this.#changed = false;
  }
}

/** A column; NOT NULL and varchar unless said otherwise. */
export function column(
  name: string,
  typeName = 'varchar',
  rest: Partial<RelationColumn> = {},
): RelationColumn {
  return {name, typeName, typeOid: 0, typeModifier: -1, nullable: true, ...rest};
}

/** `customers.customers` of the seed, unless said otherwise. */
export function relation(rest: Partial<Relation> = {}): Relation {
  return {
    oid: 16_400,
    schema: 'customers',
    table: 'customers',
    columns: [
      column('id', 'varchar', {nullable: false}),
      ...['first_name', 'last_name', 'email', 'phone'].map((name) => column(name)),
    ],
    primaryKey: ['id'],
    replicaIdentity: 'default',
    ...rest,
  };
}

export function insert(of: Relation, after: readonly Text[]): ScriptedChange {
  return {kind: 'insert', relation: of, before: undefined, after: tuple(after)};
}

export function update(
  of: Relation,
  after: readonly Text[],
  before?: readonly Text[],
): ScriptedChange {
  const [row = tuple([]), old] = tuplesOfMessage(before === undefined ? [after] : [after, before]);
  return {kind: 'update', relation: of, before: old, after: row};
}

/** `del`, as `delete` is a word of the language. */
export function del(of: Relation, before: readonly Text[]): ScriptedChange {
  return {kind: 'delete', relation: of, before: tuple(before), after: undefined};
}
