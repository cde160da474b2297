import type {Client} from 'pg';
import {FatalError} from '../../../common/errors.ts';
import {nameOf} from '../../table-filter.ts';
import type {TableFilter} from '../../table-filter.ts';
import type {CatalogTable} from './column-catalog.ts';
import {walLevelError} from '../connection/errors.ts';
import {keyRemark} from './key-columns.ts';
import {quote, quoteTable} from './publication.ts';
import {isRead, relationOfTable} from './relations.ts';
import type {FoundTable} from './table-catalog.ts';
import type {TableSelection} from './table-selection.ts';

export interface ServerFacts {
  readonly walLevel: string;
  /** `server_version_num`: 180001. */
  readonly version: number;
  readonly walSenderTimeoutMs: number;
  /** Microseconds since 1970-01-01 UTC, by the server's clock. */
  readonly now: number;
}

export interface PreflightFacts {
  /** For messages: `source camel: Postgres at host:5432`. */
  readonly where: string;
  readonly user: string;
  readonly walLevel: string;
  readonly filter: TableFilter;
  /** What the filters match. */
  readonly selection: TableSelection;
  /** Tables that are not captured, but lose updates and deletes to the publication. */
  readonly endangered: readonly FoundTable[];
  /** Whether the publication is there already. */
  readonly isPublished: boolean;
  /** The captured ones. */
  readonly tables: readonly CatalogTable[];
  /** Whether the rows will be read, too. */
  readonly snapshot: boolean;
}

export async function readServer(client: Client): Promise<ServerFacts> {
  const {rows} = await client.query<ServerFacts>(
    `SELECT current_setting('wal_level') AS "walLevel", current_setting('server_version_num')::int AS version,
       (SELECT setting::float8 FROM pg_catalog.pg_settings WHERE name = 'wal_sender_timeout') AS "walSenderTimeoutMs",
       floor(extract(epoch FROM clock_timestamp()) * 1000000)::float8 AS now`,
  );
  const facts = rows[0];
  if (facts === undefined) throw new Error('the server answered without a row');
  return facts;
}

/**
 * Returns what an operator should know about tables that can be captured, one line each.
 *
 * @throws FatalError for the first thing that makes capturing impossible.
 */
export function preflight(facts: PreflightFacts): readonly string[] {
  const {where, walLevel, selection, tables, snapshot} = facts;
  if (walLevel !== 'logical') throw walLevelError(where, walLevel);
  if (selection.captured.length === 0)
    throw new FatalError(
      'CDC_TABLE_MISSING',
      `${where} has no table to capture: ${selection.remarks.join('; ') || 'the filters match none; check the include and exclude lists and database.dbname'}`,
    );
  const warnings = [...selection.remarks, ...endangeredWarning(facts)];
  for (const table of tables) {
    if (snapshot) checkReadable(facts, table);
    const remark = keyRemark(table);
    if (remark !== undefined) warnings.push(remark);
  }
  return warnings;
}

/** @throws FatalError where the user may not read a column that a snapshot reads. */
function checkReadable({where, user, filter}: PreflightFacts, table: CatalogTable): void {
  const missing = missingSelect(filter, table, user);
  if (missing === undefined) return;
  throw new FatalError(
    'CDC_PERMISSION_DENIED',
    `${where}: user ${user} may not read ${missing.what}; run ${missing.grant}`,
  );
}

export interface MissingSelect {
  /** The table, or columns of it: `a, b of public.t`. */
  readonly what: string;
  /** The statement that allows it. */
  readonly grant: string;
}

/** What of a table a snapshot reads and the user may not; undefined where there is nothing. */
export function missingSelect(
  filter: TableFilter,
  table: CatalogTable,
  user: string,
): MissingSelect | undefined {
  if (table.selectable) return undefined;
  const relation = filter.markExcluded(relationOfTable(table));
  const read = new Set(
    relation.columns.filter((column) => isRead(relation, column)).map(({name}) => name),
  );
  const wanted = table.columns.filter(({name}) => read.has(name));
  const missing = wanted.filter(({selectable}) => !selectable).map(({name}) => name);
  if (missing.length === 0) return undefined;
  const [what, columns] =
    missing.length === wanted.length
      ? ['', '']
      : [`${missing.join(', ')} of `, ` (${missing.map(quote).join(', ')})`];
  return {
    what: `${what}${nameOf(table)}`,
    grant: `GRANT SELECT${columns} ON ${quoteTable(table)} TO ${quote(user)}`,
  };
}

/** @throws FatalError before a publication is made that breaks applications which have nothing to do with it. */
function endangeredWarning({where, endangered, isPublished}: PreflightFacts): readonly string[] {
  if (endangered.length === 0) return [];
  const names = endangered.map(nameOf).join(', ');
  const remedy = `give them a key, run ALTER TABLE ${endangered.map(quoteTable)[0]} REPLICA IDENTITY FULL and so on, or set publication.autocreate.mode: filtered`;
  if (isPublished)
    return [
      `Postgres refuses updates and deletes on ${names}, which have no replica identity, because the publication is of all tables; ${remedy}`,
    ];
  throw new FatalError(
    'CDC_TABLE_WITHOUT_KEY',
    `${where}: with publication.autocreate.mode: all_tables Postgres would refuse updates and deletes on ${names}, which are not captured and have no replica identity; ${remedy}`,
  );
}
