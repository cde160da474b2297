import type {Client} from 'pg';
import {FatalError} from '../../../common/errors.ts';
import {nameOf} from '../../table-filter.ts';
import type {FoundTable} from './table-catalog.ts';

/** Who makes the publication, and of what. `disabled` and `no_tables` leave its tables to its owner. */
export type PublicationMode = 'all_tables' | 'filtered' | 'disabled' | 'no_tables';

/** A publication as the catalog has it. */
export interface PublicationState {
  readonly allTables: boolean;
  /** Of `insert`, `update`, `delete` and `truncate`, what it leaves out. */
  readonly missingOperations: readonly string[];
  /** `publish_via_partition_root`. */
  readonly viaRoot: boolean;
  /** `schema.table` of the tables that it names. */
  readonly tables: readonly string[];
  /** The schemas that it names: `FOR TABLES IN SCHEMA`. */
  readonly schemas: readonly string[];
  /** `schema.table` of those with a row filter or a column list. */
  readonly filtered: readonly string[];
}

export interface PublicationPlan {
  /** For messages: `source camel: Postgres at host:5432`. */
  readonly where: string;
  readonly name: string;
  readonly mode: PublicationMode;
  readonly viaRoot: boolean;
  /** What `filtered` has to name. */
  readonly tables: readonly FoundTable[];
}

/**
 * The statements that bring a publication to what its mode says; empty when it is that already. Never one that drops it.
 *
 * @throws FatalError where no statement can.
 */
export function publicationChanges(
  {where, name, mode, viaRoot, tables}: PublicationPlan,
  state: PublicationState | undefined,
): readonly string[] {
  const target = quote(name);
  if (state === undefined) {
    if (mode !== 'disabled') return [publicationCreation({name, mode, viaRoot, tables})];
    throw new FatalError(
      'CDC_PUBLICATION_INVALID',
      `${where} has no publication ${name}, and publication.autocreate.mode is disabled; run ${publicationCreation({name, mode, viaRoot, tables})}`,
    );
  }
  if (mode === 'disabled' || mode === 'no_tables') return [];
  if (mode === 'all_tables' && !state.allTables)
    throw new FatalError(
      'CDC_PUBLICATION_INVALID',
      `${where}: publication ${name} names tables, and Postgres cannot make it one of all tables; set publication.autocreate.mode: filtered, or start over with another publication.name and slot.name`,
    );
  const changes: string[] = [];
  if (state.missingOperations.length > 0) changes.push(publishEverything(name));
  const hasPartitions = tables.some(({kind, ancestors}) => kind === 'p' || ancestors.length > 0);
  if (state.viaRoot !== viaRoot && (state.allTables || hasPartitions))
    changes.push(`ALTER PUBLICATION ${target} SET (publish_via_partition_root = ${viaRoot})`);
  if (!state.allTables && !namesExactly(state, tables))
    changes.push(`ALTER PUBLICATION ${target} SET TABLE ${tables.map(quoteTable).join(', ')}`);
  return changes;
}

/** The statement that makes it; under `disabled` what whoever makes it has to run. */
export function publicationCreation({
  name,
  mode,
  viaRoot,
  tables,
}: Omit<PublicationPlan, 'where'>): string {
  const members = {
    all_tables: ' FOR ALL TABLES',
    filtered: ` FOR TABLE ${tables.map(quoteTable).join(', ')}`,
    no_tables: '',
  };
  const what = members[mode === 'disabled' ? 'filtered' : mode];
  return `CREATE PUBLICATION ${quote(name)}${what} WITH (publish_via_partition_root = ${viaRoot})`;
}

/** The statement by which one that is left to its owner comes to have these tables, too. */
export function publicationAddition(name: string, tables: readonly FoundTable[]): string {
  return `ALTER PUBLICATION ${quote(name)} ADD TABLE ${tables.map(quoteTable).join(', ')}`;
}

/** The statement by which it publishes every kind of change. */
export function publishEverything(name: string): string {
  return `ALTER PUBLICATION ${quote(name)} SET (publish = 'insert, update, delete, truncate')`;
}

/** What of a publication that is left as it is keeps changes from coming, one line each. */
export function publicationWarnings(
  {name, mode, viaRoot}: Pick<PublicationPlan, 'name' | 'mode' | 'viaRoot'>,
  state: PublicationState,
): readonly string[] {
  if (mode === 'all_tables' || mode === 'filtered') return [];
  const warnings: string[] = [];
  if (state.missingOperations.length > 0)
    warnings.push(
      `publication ${name} leaves operations out; run ${publishEverything(name)} to capture them all`,
    );
  if (state.filtered.length > 0)
    warnings.push(
      `publication ${name} has a row filter or a column list for ${state.filtered.join(', ')}: the other rows and columns are in the snapshot, but not in what follows it`,
    );
  if (state.viaRoot !== viaRoot)
    warnings.push(
      `publication ${name} has publish_via_partition_root = ${state.viaRoot}, which goes before publish.via.partition.root: ${viaRoot}`,
    );
  return warnings;
}

/** How changes of partitions will come: a publication that is left as it is decides by itself. */
export function publishesViaRoot(
  options: {readonly publicationMode: PublicationMode; readonly publishViaPartitionRoot: boolean},
  state: PublicationState | undefined,
): boolean {
  const {publicationMode: mode, publishViaPartitionRoot} = options;
  const isOurs = mode === 'filtered' || mode === 'all_tables';
  return isOurs || state === undefined ? publishViaPartitionRoot : state.viaRoot;
}

/**
 * Which of `found` changes come of, by their own names; computed, because `pg_publication_tables` waits for every table
 * that somebody has locked.
 */
export function publishedTables(
  found: readonly FoundTable[],
  {allTables, viaRoot, tables, schemas}: PublicationState,
): readonly FoundTable[] {
  const named = new Set(
    found
      .filter((each) => allTables || tables.includes(nameOf(each)) || schemas.includes(each.schema))
      .map(({oid}) => oid),
  );
  return found.filter(({oid, kind, ancestors}) => {
    const comesWithParent = ancestors.some((each) => named.has(each));
    if (viaRoot) return named.has(oid) && !comesWithParent;
    return kind === 'r' && (named.has(oid) || comesWithParent);
  });
}

function namesExactly(state: PublicationState, tables: readonly FoundTable[]): boolean {
  return (
    state.schemas.length === 0 &&
    state.filtered.length === 0 &&
    state.tables.length === tables.length &&
    tables.every((table) => state.tables.includes(nameOf(table)))
  );
}

export async function readPublication(
  client: Client,
  name: string,
): Promise<PublicationState | undefined> {
  const {rows} = await client.query<Omit<PublicationState, 'schemas'>>(
    // Columns of Postgres 15 and later, by way of JSON so that 14 takes the query, too.
    `WITH members AS (
       SELECT n.nspname || '.' || c.relname AS name,
         to_jsonb(r) ->> 'prqual' IS NOT NULL OR to_jsonb(r) ->> 'prattrs' IS NOT NULL AS filtered
       FROM pg_catalog.pg_publication p
       JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid
       JOIN pg_catalog.pg_class c ON c.oid = r.prrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE p.pubname = $1)
     SELECT p.puballtables AS "allTables",
       (SELECT coalesce(json_agg(operation), '[]') FROM (
         VALUES ('insert', p.pubinsert), ('update', p.pubupdate), ('delete', p.pubdelete), ('truncate', p.pubtruncate)
       ) AS operations (operation, published) WHERE NOT published) AS "missingOperations",
       p.pubviaroot AS "viaRoot",
       coalesce((SELECT json_agg(name) FROM members), '[]') AS tables,
       coalesce((SELECT json_agg(name) FROM members WHERE filtered), '[]') AS filtered
     FROM pg_catalog.pg_publication p WHERE p.pubname = $1`,
    [name],
  );
  const state = rows[0];
  return state && {...state, schemas: await readSchemas(client, name)};
}

/** Postgres 14 has no publications of schemas. */
async function readSchemas(client: Client, name: string): Promise<readonly string[]> {
  const {rows: known} = await client.query<{known: boolean}>(
    `SELECT to_regclass('pg_catalog.pg_publication_namespace') IS NOT NULL AS known`,
  );
  if (known[0]?.known !== true) return [];
  const {rows} = await client.query<{schema: string}>(
    `SELECT n.nspname AS schema FROM pg_catalog.pg_publication p
     JOIN pg_catalog.pg_publication_namespace s ON s.pnpubid = p.oid
     JOIN pg_catalog.pg_namespace n ON n.oid = s.pnnspid WHERE p.pubname = $1`,
    [name],
  );
  return rows.map(({schema}) => schema);
}

/** A table's name as SQL. */
export function quoteTable({
  schema,
  table,
}: {
  readonly schema: string;
  readonly table: string;
}): string {
  return `${quote(schema)}.${quote(table)}`;
}

/** A `schema.table` as SQL, where no schema with a dot in its name is meant. */
export function quoteName(name: string): string {
  const dot = name.indexOf('.');
  return quoteTable({schema: name.slice(0, dot), table: name.slice(dot + 1)});
}

export function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
