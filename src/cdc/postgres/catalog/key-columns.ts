import type {Condition} from '../../../common/conditions.ts';
import type {CatalogTable} from './column-catalog.ts';
import type {RelationMessage} from '../stream/pgoutput.ts';
import {quote} from './publication.ts';

type KeyFacts = Pick<
  CatalogTable,
  'primaryKey' | 'uniqueKey' | 'identityColumns' | 'replicaIdentity'
>;

/**
 * The columns by which the events of a table are keyed: its primary key; without one, as Debezium does it, those of a
 * unique index. A replica identity index that leaves a part of the primary key out goes before both, because a delete has
 * no other column. Empty where there is none of them.
 */
export function keyColumns(table: KeyFacts): readonly string[] {
  const {primaryKey, uniqueKey, identityColumns, replicaIdentity} = table;
  if (replicaIdentity === 'index' && !isCovered(primaryKey, identityColumns))
    return identityColumns;
  return primaryKey.length > 0 ? primaryKey : uniqueKey;
}

/**
 * The same as of a point in the WAL: the message says which columns the replica identity had there, and the catalog,
 * which may be newer, in which order they are. A key of which the message does not have every column is none.
 */
export function keyColumnsOf(
  message: RelationMessage,
  table: CatalogTable | undefined,
): readonly string[] {
  const identity = message.columns.filter(({key}) => key).map(({name}) => name);
  const names = new Set(message.columns.map(({name}) => name));
  const {replicaIdentity} = message;
  const primaryKey = table?.primaryKey ?? [];
  const isPrimary = replicaIdentity === 'default' && identity.length > 0;
  const key = keyColumns({
    replicaIdentity,
    primaryKey: isPrimary ? inOrderOf(primaryKey, identity) : primaryKey,
    uniqueKey: table?.uniqueKey ?? [],
    identityColumns:
      replicaIdentity === 'index' ? inOrderOf(table?.identityColumns ?? [], identity) : [],
  });
  return key.every((name) => names.has(name)) ? key : [];
}

/** What an operator should know about a table whose events have not the key that one would expect; one line. */
export function keyRemark(table: CatalogTable): string | undefined {
  const name = `${table.schema}.${table.table}`;
  const {primaryKey} = table;
  const key = keyColumns(table);
  if (key.length === 0)
    return `${name} has no primary key: its events have no key, so they cannot be merged by key and lose their order over several partitions`;
  if (primaryKey.length === 0)
    return `${name} has no primary key: its events are keyed by its unique ${key.join(', ')}`;
  if (key !== primaryKey)
    return `${name} has a replica identity index without all columns of its primary key: its events are keyed by the columns of that index, ${key.join(', ')}`;
  return undefined;
}

export interface MissingIdentity {
  /** `primary key`, or `replica identity` where there is a key. */
  readonly what: string;
  /** What adds a key, with a place for its columns; undefined where that alone does not help. */
  readonly addKey: string | undefined;
  /** The statement that makes updates and deletes possible. */
  readonly statement: string;
}

/** Why Postgres refuses UPDATE and DELETE on a table while it is published; undefined where it does not. */
export function missingIdentity(table: CatalogTable): MissingIdentity | undefined {
  const {replicaIdentity, primaryKey, identityColumns} = table;
  const isKeyless = primaryKey.length === 0;
  const hasIdentity = {
    default: !isKeyless,
    nothing: false,
    full: true,
    // Its index may have been dropped since.
    index: identityColumns.length > 0,
  };
  if (hasIdentity[replicaIdentity]) return undefined;
  const target = `${quote(table.schema)}.${quote(table.table)}`;
  return {
    what: isKeyless ? 'primary key' : 'replica identity',
    addKey: replicaIdentity === 'default' ? `ALTER TABLE ${target} ADD PRIMARY KEY (…)` : undefined,
    statement: `ALTER TABLE ${target} REPLICA IDENTITY ${isKeyless ? 'FULL' : 'DEFAULT'}`,
  };
}

/** A table on which Postgres refuses UPDATE and DELETE while it is published. */
export function keyCondition(
  source: {readonly name: string; readonly where: string},
  table: CatalogTable,
): Condition | undefined {
  const missing = missingIdentity(table);
  if (missing === undefined) return undefined;
  const {what, addKey, statement} = missing;
  const remedy = addKey === undefined ? statement : `${addKey}, or ${statement}`;
  return {
    code: 'CDC_TABLE_WITHOUT_KEY',
    subject: keySubject(source.name, table),
    severity: 'warning',
    message: `${source.where}: ${table.schema}.${table.table} has no ${what}: its inserts are captured, but Postgres refuses every UPDATE and DELETE on it while it is published; run ${remedy}`,
  };
}

/** Whom the condition is about. */
export function keySubject(source: string, {schema, table}: CatalogTable): string {
  return `source ${source} ${schema}.${table}`;
}

function isCovered(columns: readonly string[], by: readonly string[]): boolean {
  return columns.length > 0 && columns.every((name) => by.includes(name));
}

/** `names` in the order of `ordered`, where that has the same ones. */
function inOrderOf(ordered: readonly string[], names: readonly string[]): readonly string[] {
  return ordered.length === names.length && isCovered(names, ordered) ? ordered : names;
}
