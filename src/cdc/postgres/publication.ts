import type {Client} from 'pg';

/** A publication as the catalog has it. */
export interface PublicationState {
  readonly allTables: boolean;
  /** Publishes inserts, updates, deletes and truncates. */
  readonly allOperations: boolean;
  /** `schema.table` of the tables that it names. */
  readonly tables: readonly string[];
  /** Some table has a row filter or a column list. */
  readonly filtered: boolean;
}

/** The statements that make a publication publish `tables`, all their rows and columns; empty when it does. */
export function publicationChanges(
  name: string,
  state: PublicationState | undefined,
  tables: readonly string[],
): readonly string[] {
  const list = tables.map(quoteTable).join(', ');
  // The root's name and columns for rows of a partitioned table: its partitions are not in the include list.
  if (state === undefined)
    return [
      `CREATE PUBLICATION ${quote(name)} FOR TABLE ${list} WITH (publish_via_partition_root = true)`,
    ];
  const changes: string[] = [];
  if (!state.allOperations)
    changes.push(
      `ALTER PUBLICATION ${quote(name)} SET (publish = 'insert, update, delete, truncate')`,
    );
  const same =
    state.tables.length === tables.length && tables.every((table) => state.tables.includes(table));
  if (!state.allTables && (!same || state.filtered))
    changes.push(`ALTER PUBLICATION ${quote(name)} SET TABLE ${list}`);
  return changes;
}

export async function readPublication(
  client: Client,
  name: string,
): Promise<PublicationState | undefined> {
  const {rows} = await client.query<PublicationState>(
    `SELECT p.puballtables AS "allTables",
       p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate AS "allOperations",
       coalesce((
         SELECT json_agg(n.nspname || '.' || c.relname)
         FROM pg_catalog.pg_publication_rel r
         JOIN pg_catalog.pg_class c ON c.oid = r.prrelid
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE r.prpubid = p.oid), '[]') AS tables,
       -- Columns of Postgres 15 and later, by way of JSON so that 14 takes the query, too.
       EXISTS (
         SELECT FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = p.oid
           AND (to_jsonb(r) ->> 'prqual' IS NOT NULL OR to_jsonb(r) ->> 'prattrs' IS NOT NULL)) AS filtered
     FROM pg_catalog.pg_publication p WHERE p.pubname = $1`,
    [name],
  );
  return rows[0];
}

/** A `schema.table` of the include list as SQL. */
export function quoteTable(table: string): string {
  const dot = table.indexOf('.');
  return `${quote(table.slice(0, dot))}.${quote(table.slice(dot + 1))}`;
}

export function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
