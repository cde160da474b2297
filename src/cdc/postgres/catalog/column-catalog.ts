import type {Client} from 'pg';

/** What the catalog knows of a table, as of now: it may be newer than the change that is being decoded. */
export interface CatalogTable {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  /** `pg_class.relkind`: `r` table, `p` partitioned table, others cannot be captured. */
  readonly kind: string;
  readonly replicaIdentity: 'default' | 'nothing' | 'full' | 'index';
  /** In key order; empty without a primary key. */
  readonly primaryKey: readonly string[];
  /**
   * Columns of the unique index that does for a primary key: all of them NOT NULL, all rows in it; of several the one that
   * the table is clustered by, then the first by name. Empty without one.
   */
  readonly uniqueKey: readonly string[];
  /** Columns of the replica identity's index; empty unless it is `index`. */
  readonly identityColumns: readonly string[];
  readonly columns: readonly CatalogColumn[];
  /** Whether the connection's role may read it as a whole. */
  readonly selectable: boolean;
}

export interface CatalogColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
  /** Of a domain's base type. */
  readonly typeName: string;
  /** The labels in `enumsortorder`, where the type or an array's element type is an enum. */
  readonly enumLabels: readonly string[] | null;
  readonly nullable: boolean;
  readonly generated: boolean;
  /** Whether the connection's role may read it, by itself or with the whole table. */
  readonly selectable: boolean;
}

/** A type with domains resolved to their base; the modifier is a domain's own, else -1. */
export interface CatalogType {
  readonly typeName: string;
  readonly typeModifier: number;
  readonly enumLabels: readonly string[] | null;
}

/**
 * A type by which a value is known. What users define has its schema in its name, so that a composite type `point` is not
 * taken for Postgres' own; base types outside of `pg_catalog` come with extensions, which may be in any schema.
 */
const typeName = (type: string): string => `
  CASE WHEN ${type}.typtype = 'b' OR ${type}.typnamespace = 'pg_catalog'::regnamespace THEN ${type}.typname
    ELSE ${type}.typnamespace::regnamespace || '.' || ${type}.typname END`;

/** Follows domains down to their base type; a modifier or NOT NULL nearer to the column wins. */
const baseType = (oid: string, modifier: string): string => `
  LATERAL (
    WITH RECURSIVE chain AS (
      SELECT t.oid, t.typname, t.typtype, t.typnamespace, t.typbasetype, t.typtypmod, ${modifier} AS modifier,
        t.typnotnull AS required
      FROM pg_catalog.pg_type t WHERE t.oid = ${oid}
      UNION ALL
      SELECT t.oid, t.typname, t.typtype, t.typnamespace, t.typbasetype, t.typtypmod,
        CASE WHEN chain.modifier = -1 THEN chain.typtypmod ELSE chain.modifier END,
        chain.required OR t.typnotnull
      FROM chain JOIN pg_catalog.pg_type t ON t.oid = chain.typbasetype WHERE chain.typtype = 'd'
    )
    SELECT chain.modifier, chain.required,
      CASE WHEN element.oid IS NULL THEN ${typeName('chain')} ELSE '_' || ${typeName('element')} END AS "typeName",
      (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e
       WHERE e.enumtypid = coalesce(element.oid, chain.oid)) AS "enumLabels"
    FROM chain LEFT JOIN pg_catalog.pg_type element ON element.typarray = chain.oid
    WHERE chain.typtype <> 'd'
  ) base`;

const indexColumns = (flag: string): string => `
  coalesce((
    SELECT json_agg(a.attname ORDER BY k.position)
    FROM pg_catalog.pg_index i
    CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, position)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indrelid = c.oid AND i.${flag} AND k.position <= i.indnkeyatts
  ), '[]')`;

/** The order of `DatabaseMetaData.getIndexInfo`, by which Debezium takes the first. */
const uniqueKey = `
  coalesce((
    SELECT key.columns
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
    CROSS JOIN LATERAL (
      SELECT json_agg(a.attname ORDER BY k.position) AS columns, bool_and(a.attnotnull AND a.attgenerated = '') AS required
      FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, position)
      JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
      WHERE k.position <= i.indnkeyatts
    ) key
    WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
      AND key.required
    ORDER BY i.indisclustered DESC, x.relname LIMIT 1
  ), '[]')`;

const tablesQuery = `
  SELECT c.oid::bigint::float8 AS oid, n.nspname AS schema, c.relname AS "table", c.relkind AS kind,
    c.relreplident AS identity, has_table_privilege(c.oid, 'SELECT') AS selectable,
    ${indexColumns('indisprimary')} AS "primaryKey",
    ${uniqueKey} AS "uniqueKey",
    CASE WHEN c.relreplident = 'i' THEN ${indexColumns('indisreplident')} ELSE '[]' END AS "identityColumns",
    coalesce((
      SELECT json_agg(json_build_object(
        'name', a.attname, 'typeOid', a.atttypid::bigint, 'typeModifier', base.modifier,
        'typeName', base."typeName", 'enumLabels', base."enumLabels", 'nullable', NOT (a.attnotnull OR base.required),
        'generated', a.attgenerated <> '', 'selectable', has_column_privilege(c.oid, a.attnum, 'SELECT')) ORDER BY a.attnum)
      FROM pg_catalog.pg_attribute a CROSS JOIN ${baseType('a.atttypid', 'a.atttypmod')}
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ), '[]') AS columns
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`;

const identities = {d: 'default', n: 'nothing', f: 'full', i: 'index'} as const;

interface TableRow extends Omit<CatalogTable, 'replicaIdentity'> {
  readonly identity: keyof typeof identities;
}

/** The tables with these oids that exist, in the order of `oids`. */
export async function readTables(
  client: Client,
  oids: readonly number[],
): Promise<readonly CatalogTable[]> {
  const {rows} = await client.query<TableRow>(
    `${tablesQuery} WHERE c.oid = ANY ($1::bigint[]::oid[])`,
    [oids],
  );
  const byOid = new Map(rows.map((row) => [row.oid, catalogTable(row)]));
  return oids.flatMap((oid) => byOid.get(oid) ?? []);
}

/** The table with this oid; undefined once it is dropped. */
export async function readTable(client: Client, oid: number): Promise<CatalogTable | undefined> {
  return (await readTables(client, [oid]))[0];
}

/** The table of this name, `schema.table`; undefined where there is none. */
export async function readTableNamed(
  client: Client,
  name: string,
): Promise<CatalogTable | undefined> {
  const {rows} = await client.query<TableRow>(
    `${tablesQuery} WHERE n.nspname || '.' || c.relname = $1`,
    [name],
  );
  return rows[0] && catalogTable(rows[0]);
}

/** The types with these oids, without those that are dropped. */
export async function readTypes(
  client: Client,
  oids: readonly number[],
): Promise<ReadonlyMap<number, CatalogType>> {
  const {rows} = await client.query<CatalogType & {readonly oid: number}>(
    `SELECT o.oid::float8 AS oid, base."typeName", base."enumLabels", base.modifier AS "typeModifier"
     FROM unnest($1::bigint[]) AS o (oid) CROSS JOIN ${baseType('o.oid::oid', '-1')}`,
    [oids],
  );
  return new Map(rows.map((row) => [row.oid, row]));
}

function catalogTable({identity, ...rest}: TableRow): CatalogTable {
  return {...rest, replicaIdentity: identities[identity]};
}
