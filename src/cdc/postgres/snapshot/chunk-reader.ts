import type {Client} from 'pg';
import {WATERMARK_PREFIX} from '../../chunk-source.ts';
import type {ChunkRequest, SnapshotChunk} from '../../chunk-source.ts';
import type {Relation, Tuple} from '../../replication-source.ts';
import {readTableNamed} from '../catalog/column-catalog.ts';
import type {CatalogTable} from '../catalog/column-catalog.ts';
import {keyColumns} from '../catalog/key-columns.ts';
import {quote, quoteName} from '../catalog/publication.ts';
import {relationOfTable, selectList} from '../catalog/relations.ts';
import type {Relations} from '../catalog/relations.ts';

/** `no key`: without a primary key there is no order to read in. */
export type ChunkOutcome = 'accepted' | 'declined' | 'no table' | 'no key';

/** Postgres' own text of every value, as the stream has it. */
const asText = {getTypeParser: () => (text: string) => text};

/**
 * Reads one chunk on `client`, and writes its watermark where `accept` returns true.
 *
 * Under a lock that keeps DDL and TRUNCATE out until the watermark is committed: the stream then has every change of the
 * table's shape on the right side of it.
 */
export async function readChunk(
  client: Client,
  request: ChunkRequest,
  relations: Relations,
  accept: (chunk: SnapshotChunk) => boolean,
): Promise<ChunkOutcome> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  let outcome: ChunkOutcome;
  try {
    outcome = await inTransaction(client, request, relations, accept);
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
  await client.query(outcome === 'accepted' ? 'COMMIT' : 'ROLLBACK');
  return outcome;
}

/** Those of `tables` (`schema.table`) that have no primary key. */
export async function tablesWithoutKey(
  client: Client,
  tables: readonly string[],
): Promise<readonly string[]> {
  const {rows} = await client.query<{table: string}>(
    `SELECT n.nspname || '.' || c.relname AS table
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname || '.' || c.relname = ANY ($1)
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)`,
    [tables],
  );
  return rows.map(({table}) => table);
}

async function inTransaction(
  client: Client,
  request: ChunkRequest,
  relations: Relations,
  accept: (chunk: SnapshotChunk) => boolean,
): Promise<ChunkOutcome> {
  // Before the first query, which takes the snapshot: what it sees is then not older than the lock.
  if (!(await lock(client, request.table))) return 'no table';
  const found = await readTableNamed(client, request.table);
  if (found === undefined) return 'no table';
  // What the stream knows its rows by.
  const table = {...found, primaryKey: keyColumns(found)};
  if (table.primaryKey.length === 0) return 'no key';
  const upTo = request.upTo ?? (await lastKey(client, request, table));
  const facts = await readFacts(client, table);
  const relation = relations.intern(relationOfTable(table));
  const rows: readonly Tuple[] =
    upTo === undefined
      ? []
      : await readRows(client, chunkQuery(client, {...request, upTo}, table, relation));
  const isAccepted = accept({relation, keyColumns: table.primaryKey, rows, upTo, ...facts});
  if (!isAccepted) return 'declined';
  // Transactional: its commit flushes it, so that the walsender sees it at once.
  await client.query('SELECT pg_catalog.pg_logical_emit_message(true, $1, $2)', [
    WATERMARK_PREFIX,
    request.watermark,
  ]);
  return 'accepted';
}

async function lock(client: Client, table: string): Promise<boolean> {
  try {
    await client.query(`LOCK TABLE ${quoteName(table)} IN ACCESS SHARE MODE`);
    return true;
  } catch (error) {
    // undefined_table, invalid_schema_name
    if (['42P01', '3F000'].includes((error as {code?: string}).code ?? '')) return false;
    throw error;
  }
}

type Facts = Pick<SnapshotChunk, 'running' | 'readAt' | 'estimatedRows'>;

async function readFacts(client: Client, {oid}: CatalogTable): Promise<Facts> {
  const {rows} = await client.query<{running: number[]; at: number; estimate: number}>(
    // Modulo 2^32: xids as they are in the WAL. The estimate is that of all partitions, -1 without statistics.
    `SELECT coalesce((
         SELECT json_agg(mod(xid::text::numeric, 4294967296)::float8)
         FROM pg_catalog.pg_snapshot_xip(pg_catalog.pg_current_snapshot()) AS xid), '[]') AS running,
       floor(extract(epoch FROM clock_timestamp()) * 1000000)::float8 AS at,
       coalesce((
         SELECT sum(c.reltuples) FILTER (WHERE c.reltuples >= 0)
         FROM pg_catalog.pg_partition_tree($1::bigint::oid::regclass) p
         JOIN pg_catalog.pg_class c ON c.oid = p.relid AND p.isleaf),
         (SELECT c.reltuples FROM pg_catalog.pg_class c WHERE c.oid = $1::bigint::oid))::float8 AS estimate`,
    [oid],
  );
  const {running = [], at = 0, estimate = -1} = rows[0] ?? {};
  return {running, readAt: at, estimatedRows: estimate < 0 ? undefined : estimate};
}

/** The key of the last row in key order; undefined where there is no row. */
async function lastKey(
  client: Client,
  {filter}: ChunkRequest,
  table: CatalogTable,
): Promise<readonly string[] | undefined> {
  const key = table.primaryKey.map(quote);
  const where = filter === undefined ? '' : ` WHERE (${filter})`;
  const order = key.map((column) => `${column} DESC`).join(', ');
  const [row] = await readRows(
    client,
    `SELECT ${key.join(', ')} FROM ${from(table)}${where} ORDER BY ${order} LIMIT 1`,
  );
  return row as readonly string[] | undefined;
}

function chunkQuery(
  client: Client,
  {after, upTo, filter, limit}: ChunkRequest & {readonly upTo: readonly string[]},
  table: CatalogTable,
  relation: Relation,
): string {
  const key = table.primaryKey.map(quote).join(', ');
  // Literals without a type take that of the column beside them.
  const row = (values: readonly string[]): string =>
    `ROW(${values.map((value) => client.escapeLiteral(value)).join(', ')})`;
  const conditions = [
    ...(filter === undefined ? [] : [`(${filter})`]),
    ...(after === undefined ? [] : [`ROW(${key}) > ${row(after)}`]),
    `ROW(${key}) <= ${row(upTo)}`,
  ];
  return `SELECT ${selectList(relation)} FROM ${from(table)} WHERE ${conditions.join(' AND ')} ORDER BY ${key} LIMIT ${limit}`;
}

/** A child by inheritance is a table of its own in the stream. */
function from({schema, table, kind}: CatalogTable): string {
  return `${kind === 'p' ? '' : 'ONLY '}${quote(schema)}.${quote(table)}`;
}

async function readRows(client: Client, text: string): Promise<readonly Tuple[]> {
  const {rows} = await client.query<(string | null)[]>({text, rowMode: 'array', types: asText});
  return rows;
}
