import type {Client} from 'pg';
import {FatalError} from '../../common/errors.ts';
import type {CatalogTable} from './column-catalog.ts';
import {walLevelError} from './errors.ts';
import {quoteTable} from './publication.ts';

export interface ServerFacts {
  readonly walLevel: string;
  readonly walSenderTimeoutMs: number;
  /** Microseconds since 1970-01-01 UTC, by the server's clock. */
  readonly now: number;
}

export interface PreflightFacts {
  /** For messages: `source camel: Postgres at host:5432`. */
  readonly where: string;
  readonly user: string;
  readonly walLevel: string;
  readonly tableIncludeList: readonly string[];
  /** Those of the include list that exist. */
  readonly tables: readonly CatalogTable[];
  /** Whether the rows will be read, too. */
  readonly snapshot: boolean;
}

export async function readServer(client: Client): Promise<ServerFacts> {
  const {rows} = await client.query<ServerFacts>(
    `SELECT current_setting('wal_level') AS "walLevel",
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
  const {where, user, walLevel, tableIncludeList, tables, snapshot} = facts;
  if (walLevel !== 'logical') throw walLevelError(where, walLevel);
  const found = new Set(tables.map(({schema, table}) => `${schema}.${table}`));
  const absent = tableIncludeList.filter((name) => !found.has(name));
  if (absent.length > 0)
    throw new FatalError(
      'CDC_TABLE_MISSING',
      `${where} has no table ${absent.join(', ')}; check table.include.list and database.dbname`,
    );
  const warnings: string[] = [];
  for (const table of tables) {
    const name = `${table.schema}.${table.table}`;
    if (table.kind !== 'r' && table.kind !== 'p')
      throw new FatalError(
        'CDC_TABLE_MISSING',
        `${where}: ${name} is not a table (a view has no changes of its own); remove it from table.include.list`,
      );
    if (snapshot && !table.selectable)
      throw new FatalError(
        'CDC_PERMISSION_DENIED',
        `${where}: user ${user} may not read ${name}; run GRANT SELECT ON ${quoteTable(name)} TO "${user}"`,
      );
    const warning = identityWarning(where, name, table);
    if (warning !== undefined) warnings.push(warning);
  }
  return warnings;
}

/** @throws FatalError where Postgres would refuse the application's updates and deletes once the table is published. */
function identityWarning(where: string, name: string, table: CatalogTable): string | undefined {
  const {replicaIdentity, primaryKey, identityColumns} = table;
  const keyless = primaryKey.length === 0;
  if (replicaIdentity === 'nothing' || (replicaIdentity === 'default' && keyless))
    throw new FatalError(
      'CDC_TABLE_WITHOUT_KEY',
      `${where}: ${name} has no ${keyless ? 'primary key' : 'replica identity'}, so Postgres would refuse updates and deletes on it once it is published; ${
        keyless
          ? `run ALTER TABLE ${quoteTable(name)} ADD PRIMARY KEY (…), or REPLICA IDENTITY FULL for events without a key`
          : `run ALTER TABLE ${quoteTable(name)} REPLICA IDENTITY DEFAULT`
      }`,
    );
  if (keyless)
    return `${name} has no primary key: its events have no key, so they cannot be merged by key and lose their order over several partitions`;
  if (replicaIdentity === 'index' && primaryKey.some((column) => !identityColumns.includes(column)))
    return `${name} has a replica identity index without all columns of its primary key: its deletes cannot carry the key`;
  return undefined;
}
