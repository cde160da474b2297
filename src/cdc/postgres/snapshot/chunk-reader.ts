import type {Client} from 'pg';
import {WATERMARK_PREFIX} from '../../chunk-source.ts';
import type {ChunkRequest, SnapshotChunk} from '../../chunk-source.ts';
import type {Relation} from '../../replication-source.ts';
import type {Tuple} from '../../tuple.ts';
import {readTableNamed} from '../catalog/column-catalog.ts';
import type {CatalogTable} from '../catalog/column-catalog.ts';
import {keyColumns} from '../catalog/key-columns.ts';
import {quote, quoteName} from '../catalog/publication.ts';
import {relationOfTable, selectList} from '../catalog/relations.ts';
import type {Relations} from '../catalog/relations.ts';
import {copyRows} from './copy-rows.ts';
import {lockByReading} from './lock-by-reading.ts';

/** A request, with the query that is read in place of the table; undefined for all of its rows. */
export interface ChunkQuery extends ChunkRequest {
  readonly select: string | undefined;
}

/** Of what the socket brings; a chunk is gathered from them. */
const rowsPerBatch = 1024;

/** `no key`: without a primary key there is no order to read in. */
export type ChunkOutcome = 'accepted' | 'declined' | 'no table' | 'no key';

/**
 * Reads one chunk on `client`, and writes its watermark where `accept` returns true.
 *
 * Under a lock that keeps DDL and TRUNCATE out until the watermark is committed: the stream then has every change of the
 * table's shape on the right side of it.
 */
export async function readChunk(
  client: Client,
  query: ChunkQuery,
  relations: Relations,
  accept: (chunk: SnapshotChunk) => boolean,
): Promise<ChunkOutcome> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  let outcome: ChunkOutcome;
  try {
    outcome = await inTransaction(client, query, relations, accept);
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
  query: ChunkQuery,
  relations: Relations,
  accept: (chunk: SnapshotChunk) => boolean,
): Promise<ChunkOutcome> {
  const found = await lockAndDescribe(client, query.table, relations);
  if (found === undefined) return 'no table';
  // What the stream knows its rows by.
  const table = {...found, primaryKey: keyColumns(found)};
  if (table.primaryKey.length === 0) return 'no key';
  const relation = relations.intern(relationOfTable(table));
  const upTo = query.upTo ?? (await lastKey(client, query, table, relation));
  // Before the rows: without one snapshot for both, whatever ran when they were read ran now, too.
  const facts = await readFacts(client, table);
  const rows: readonly Tuple[] =
    upTo === undefined
      ? []
      : await readRows(client, chunkQuery(client, {...query, upTo}, table, relation), relation);
  const isAccepted = accept({relation, keyColumns: table.primaryKey, rows, upTo, ...facts});
  if (!isAccepted) return 'declined';
  // Transactional: its commit flushes it, so that the walsender sees it at once.
  await client.query('SELECT pg_catalog.pg_logical_emit_message(true, $1, $2)', [
    WATERMARK_PREFIX,
    query.watermark,
  ]);
  return 'accepted';
}

/**
 * The table, under a lock; undefined where it is gone.
 *
 * The lock comes before the first query, which takes the snapshot: what that sees is then not older. Who may read some
 * columns only gets it by reading them, and a snapshot for each query after that.
 */
async function lockAndDescribe(
  client: Client,
  name: string,
  relations: Relations,
): Promise<CatalogTable | undefined> {
  const outcome = await lock(client, name);
  if (outcome === 'no table') return undefined;
  if (outcome === 'refused') {
    await client.query('ROLLBACK');
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
    const table = await readTableNamed(client, name);
    if (table === undefined) return undefined;
    await lockByReading(client, relations.intern(relationOfTable(table)));
  }
  return readTableNamed(client, name);
}

async function lock(client: Client, table: string): Promise<'locked' | 'refused' | 'no table'> {
  try {
    await client.query(`LOCK TABLE ${quoteName(table)} IN ACCESS SHARE MODE`);
    return 'locked';
  } catch (error) {
    const {code = ''} = error as {code?: string};
    // undefined_table, invalid_schema_name
    if (['42P01', '3F000'].includes(code)) return 'no table';
    // insufficient_privilege: of the table as a whole
    if (code === '42501') return 'refused';
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
  {filter, select}: ChunkQuery,
  table: CatalogTable,
  relation: Relation,
): Promise<readonly string[] | undefined> {
  const key = table.primaryKey.map(quote);
  const where = filter === undefined ? '' : ` WHERE (${filter})`;
  const order = key.map((column) => `${column} DESC`).join(', ');
  const [row] = await readRows(
    client,
    `SELECT ${key.join(', ')} FROM ${from(table, select)}${where} ORDER BY ${order} LIMIT 1`,
    {
      ...relation,
      columns: table.primaryKey.flatMap(
        (name) => relation.columns.find((column) => column.name === name) ?? [],
      ),
    },
  );
  return row && key.map((_, index) => row.text(index) as string);
}

function chunkQuery(
  client: Client,
  {after, upTo, filter, limit, select}: ChunkQuery & {readonly upTo: readonly string[]},
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
  return `SELECT ${selectList(relation)} FROM ${from(table, select)} WHERE ${conditions.join(' AND ')} ORDER BY ${key} LIMIT ${limit}`;
}

/** A child by inheritance is a table of its own in the stream. */
function from({schema, table, kind}: CatalogTable, select: string | undefined): string {
  if (select !== undefined) return `(${select}\n) AS selected`;
  return `${kind === 'p' ? '' : 'ONLY '}${quote(schema)}.${quote(table)}`;
}

/** By COPY, which gives Postgres' own bytes of every value, so that what is no text is noticed. */
async function readRows(
  client: Client,
  select: string,
  relation: Relation,
): Promise<readonly Tuple[]> {
  const rows: Tuple[] = [];
  for await (const batch of copyRows(client, `COPY (${select}) TO STDOUT`, relation, rowsPerBatch))
    rows.push(...batch);
  return rows;
}
