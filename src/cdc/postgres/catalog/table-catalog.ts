import type {Client} from 'pg';

/** One relation that a filter could match, as the catalog has it. */
export interface FoundTable {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  /** `pg_class.relkind`: `r` table, `p` partitioned table, `v` view, `m` materialized view, `f` foreign table. */
  readonly kind: 'r' | 'p' | 'v' | 'm' | 'f';
  /** Not written to the WAL, so its changes cannot be decoded. */
  readonly unlogged: boolean;
  /** Oids of the partitioned tables above a partition. */
  readonly ancestors: readonly number[];
  readonly replicaIdentity: 'default' | 'nothing' | 'full' | 'index';
  /** The index that is its replica identity, where one is. */
  readonly identityIndex: string | null;
  /** Whether Postgres refuses updates and deletes on it once they are published: it has no replica identity. */
  readonly refusesUpdates: boolean;
  /** The extension that brought it, as PostGIS brings `spatial_ref_sys`. */
  readonly extension: string | null;
}

/** Every relation with columns outside of Postgres' own schemas, by schema and name. */
export async function findTables(client: Client): Promise<readonly FoundTable[]> {
  const {rows} = await client.query<FoundTable>(
    `SELECT c.oid::bigint::float8 AS oid, n.nspname AS schema, c.relname AS "table", c.relkind AS kind,
       c.relpersistence = 'u' AS unlogged,
       CASE WHEN c.relispartition THEN (
         SELECT json_agg(a.relid::oid::bigint)
         FROM pg_catalog.pg_partition_ancestors(c.oid) a WHERE a.relid <> c.oid
       ) ELSE '[]' END AS ancestors,
       CASE c.relreplident WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' WHEN 'i' THEN 'index' ELSE 'default' END
         AS "replicaIdentity",
       (SELECT x.relname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND i.indisreplident AND c.relreplident = 'i') AS "identityIndex",
       c.relkind IN ('r', 'p') AND (
         c.relreplident = 'n'
         OR c.relreplident IN ('d', 'i') AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid
             AND CASE c.relreplident WHEN 'd' THEN i.indisprimary ELSE i.indisreplident END)
       ) AS "refusesUpdates",
       (SELECT e.extname FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
          AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e') AS extension
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^(pg_|information_schema$)'
     ORDER BY n.nspname, c.relname`,
  );
  return rows;
}
