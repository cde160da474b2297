import type {Client} from 'pg';
import {anchoredPattern} from '../../../common/anchored-pattern.ts';
import {FatalError, RetriableError, messageOf} from '../../../common/errors.ts';
import {nameOf} from '../../table-filter.ts';
import {readTables} from '../catalog/column-catalog.ts';
import {quoteTable} from '../catalog/publication.ts';
import {relationOfTable} from '../catalog/relations.ts';
import type {Relations} from '../catalog/relations.ts';
import type {Relation} from '../../replication-source.ts';
import {lockByReading} from './lock-by-reading.ts';
import type {Heap, SnapshotTable} from './snapshot-parts.ts';
import type {OpenSnapshot} from './snapshot-reader.ts';
import type {FoundTable} from '../catalog/table-catalog.ts';

/** How a snapshot is read: Debezium's `snapshot.…` settings. */
export interface SnapshotOptions {
  /** How many connections read it: tables, and ranges of large ones, at the same time. */
  readonly maxThreads: number;
  /** Rows in a batch. */
  readonly fetchSize: number;
  /** The least that a reader takes of a table, in blocks of the heap, where there are several readers. */
  readonly rangeBlocks: number;
  /** Milliseconds: how long to wait for a table that somebody has locked. */
  readonly lockTimeoutMs: number;
  /** Regular expressions for the names (`schema.table`) of the captured tables that are read; undefined: all of them. */
  readonly includeCollectionList?: readonly string[] | undefined;
  /** By `schema.table`: a `SELECT` whose rows are read in place of the table's. */
  readonly selectOverrides?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds between the start and the snapshot. */
  readonly delayMs: number;
}

export const snapshotDefaults: SnapshotOptions = {
  maxThreads: 1,
  fetchSize: 2_000,
  // 64 MB: some tenths of a second, so that readers end at about the same time.
  rangeBlocks: 8_192,
  lockTimeoutMs: 10_000,
  delayMs: 0,
};

/** Those of the captured tables that a snapshot reads. */
export function snapshotTables(
  captured: readonly FoundTable[],
  {includeCollectionList}: SnapshotOptions,
): readonly FoundTable[] {
  if (includeCollectionList === undefined) return captured;
  const patterns = includeCollectionList.map(anchoredPattern);
  return captured.filter((table) => patterns.some((pattern) => pattern.test(nameOf(table))));
}

/**
 * Begins a transaction on each of `readers` that keeps `tables` as they are: before the slot exists, so
 * that no rewrite of a table, which a snapshot cannot see behind, comes between. Each has its own locks: one that asked
 * for them later would wait behind a `DROP TABLE` that waits for the others.
 */
export async function lockTables(
  readers: readonly Client[],
  where: string,
  tables: readonly FoundTable[],
  lockTimeoutMs: number,
): Promise<void> {
  for (const reader of readers) {
    await reader.query(`SET lock_timeout = ${lockTimeoutMs}`);
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    if (tables.length === 0) continue;
    try {
      await reader.query(`LOCK TABLE ${tables.map(quoteTable).join(', ')} IN ACCESS SHARE MODE`);
    } catch (error) {
      throw lockError(error, where, lockTimeoutMs);
    }
  }
}

/**
 * The same for tables of which the user may read some columns only: these are locked by reading them, for which a
 * transaction has to have its snapshot.
 *
 * @throws RetriableError where one was rewritten since the snapshot, which would find it empty.
 */
export async function lockReadable(
  readers: readonly Client[],
  where: string,
  relations: readonly Relation[],
  lockTimeoutMs: number,
): Promise<void> {
  if (relations.length === 0) return;
  const [first] = readers;
  for (const reader of readers) {
    try {
      for (const relation of relations) await lockByReading(reader, relation);
    } catch (error) {
      throw lockError(error, where, lockTimeoutMs);
    }
  }
  // The row of the catalog is the snapshot's, what the function answers is of now.
  const rewritten = await first?.query<{name: string}>(
    `SELECT DISTINCT c.oid::regclass::text AS name
     FROM unnest($1::bigint[]::oid[]) AS captured (oid)
     CROSS JOIN LATERAL (
       SELECT relid FROM pg_catalog.pg_partition_tree(captured.oid) UNION SELECT captured.oid) AS leaf
     JOIN pg_catalog.pg_class c ON c.oid = leaf.relid
     WHERE c.relkind = 'r' AND c.relfilenode IS DISTINCT FROM pg_catalog.pg_relation_filenode(c.oid)`,
    [relations.map(({oid}) => oid)],
  );
  const names = rewritten?.rows.map(({name}) => name) ?? [];
  if (names.length > 0)
    throw new RetriableError(
      'CDC_TABLE_LOCKED',
      `${where}: ${names.join(', ')} was rewritten by another session while the snapshot began; it is taken again`,
    );
}

/** Lets the readers see what the exported snapshot sees; afterwards its connection may go. */
export async function importSnapshot(
  readers: readonly Client[],
  snapshotName: string,
): Promise<void> {
  for (const reader of readers)
    await reader.query(`SET TRANSACTION SNAPSHOT ${reader.escapeLiteral(snapshotName)}`);
}

/** What the readers are about to read. `takenAt` in microseconds since 1970-01-01 UTC. */
export async function describeSnapshot(
  readers: readonly Client[],
  captured: readonly FoundTable[],
  relations: Relations,
  {
    consistentPoint,
    takenAt,
    selectOverrides = {},
  }: {readonly consistentPoint: bigint; readonly takenAt: number} & Pick<
    SnapshotOptions,
    'selectOverrides'
  >,
): Promise<OpenSnapshot> {
  const [reader] = readers;
  if (reader === undefined) throw new Error('a snapshot needs a reader');
  const {rows} = await reader.query<{xid: number}>(
    // Modulo 2^32: an xid as it is in the WAL. Not txid_current(), which would make this a writing transaction.
    'SELECT mod(pg_snapshot_xmax(pg_current_snapshot())::text::numeric, 4294967296)::float8 AS xid',
  );
  const tables: SnapshotTable[] = [];
  for (const table of await readTables(
    reader,
    captured.map(({oid}) => oid),
  ))
    tables.push({
      relation: relations.intern(relationOfTable(table)),
      partitioned: table.kind === 'p',
      select: selectOverrides[nameOf(table)],
      ...(await readHeaps(reader, table.oid)),
    });
  return {readers, tables, position: {consistentPoint, xid: rows[0]?.xid ?? 0, takenAt}};
}

/**
 * Where the rows of a table are, and about how many there are.
 *
 * No heaps where the rows can be read by way of the partitioned table only: foreign partitions have no blocks, and
 * others may have rights and row security of their own. The estimate is the planner's: rows to a block as of the last
 * `ANALYZE`, or before the first (`reltuples` -1) as many as fit with 32 bytes to a value of variable width.
 */
async function readHeaps(
  reader: Client,
  oid: number,
): Promise<Pick<SnapshotTable, 'heaps' | 'estimatedRows'>> {
  const {rows} = await reader.query<Heap & {readonly direct: boolean; readonly estimate: number}>(
    `SELECT n.nspname AS schema, c.relname AS "table", blocks::float8,
       c.relkind = 'r' AND (c.oid = $1::bigint OR NOT c.relrowsecurity)
         AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE') AS direct,
       round(blocks * CASE WHEN c.reltuples >= 0 AND c.relpages > 0 THEN c.reltuples / c.relpages
         ELSE (block_size - 24) / (28 + width) END)::float8 AS estimate
     FROM (
       SELECT relid FROM pg_catalog.pg_partition_tree($1::bigint::oid::regclass) WHERE isleaf
       UNION SELECT $1::bigint::oid::regclass) leaf
     JOIN pg_catalog.pg_class c ON c.oid = leaf.relid
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     CROSS JOIN LATERAL (SELECT current_setting('block_size')::int AS block_size) settings
     CROSS JOIN LATERAL (
       SELECT coalesce(pg_catalog.pg_relation_size(c.oid), 0) / block_size AS blocks) size
     CROSS JOIN LATERAL (
       SELECT coalesce(sum(CASE WHEN attlen > 0 THEN attlen ELSE 32 END), 0) AS width
       FROM pg_catalog.pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) row
     WHERE c.relkind <> 'p' ORDER BY 1, 2`,
    [oid],
  );
  return {
    heaps: rows.every(({direct}) => direct)
      ? rows.map(({schema, table, blocks}) => ({schema, table, blocks}))
      : [],
    estimatedRows: rows.reduce((total, {estimate}) => total + estimate, 0),
  };
}

function lockError(error: unknown, where: string, lockTimeoutMs: number): unknown {
  const {code} = error as {code?: string};
  const options = {cause: error};
  if (code === '55P03')
    return new RetriableError(
      'CDC_TABLE_LOCKED',
      `${where}: a table of the snapshot is locked by another session for longer than snapshot.lock.timeout.ms (${lockTimeoutMs}): ${messageOf(error)}; end what pg_blocking_pids() names, or wait`,
      options,
    );
  if (code === '42P01')
    return new FatalError(
      'CDC_TABLE_MISSING',
      `${where}: ${messageOf(error)}: it was dropped just now; check table.include.list`,
      options,
    );
  return error;
}
