import type {Relation, RelationColumn} from '../../replication-source.ts';
import type {TableFilter} from '../../table-filter.ts';
import type {CatalogTable, CatalogType} from './column-catalog.ts';
import {keyColumns, keyColumnsOf} from './key-columns.ts';
import type {RelationMessage} from '../stream/pgoutput.ts';
import {quote} from './publication.ts';

/** Keeps one `Relation` object per shape, also across connections: its identity is the cache key of what is built from it. */
export class Relations {
  readonly #filter: TableFilter;
  readonly #byShape = new Map<string, Relation>();
  readonly #enumLabels = new Map<number, readonly string[]>();

  constructor(filter: TableFilter) {
    this.#filter = filter;
  }

  /** The first relation that was equal to `relation`, with its excluded columns marked. */
  intern(relation: Relation): Relation {
    for (const {typeOid, enumLabels} of relation.columns)
      if (enumLabels !== undefined) this.#enumLabels.set(typeOid, enumLabels);
    const shape = JSON.stringify(relation);
    const known = this.#byShape.get(shape);
    if (known !== undefined) return known;
    const marked = this.#filter.markExcluded(relation);
    this.#byShape.set(shape, marked);
    return marked;
  }

  /** `types` with the labels that the enums had in the relation that was interned last, where there was one. */
  withKnownLabels(types: ReadonlyMap<number, CatalogType>): ReadonlyMap<number, CatalogType> {
    return new Map(
      [...types].map(([oid, type]) => {
        const enumLabels = type.enumLabels && (this.#enumLabels.get(oid) ?? type.enumLabels);
        return [oid, {...type, enumLabels}];
      }),
    );
  }
}

/** A table as a snapshot reads it and streaming will send it: without its generated columns. */
export function relationOfTable(table: CatalogTable): Relation {
  return {
    oid: table.oid,
    schema: table.schema,
    table: table.table,
    columns: table.columns
      .filter(({generated}) => !generated)
      .map((column) => relationColumn(column, column, column.nullable)),
    primaryKey: keyColumns(table),
    replicaIdentity: table.replicaIdentity,
  };
}

/**
 * What to select for the tuples of `relation`. Columns by name: the stream has no generated ones, and a partition may
 * have them in another order. Of those that are left out of events only the key's are read.
 */
export function selectList(relation: Relation): string {
  return relation.columns
    .map((column) => (isRead(relation, column) ? quote(column.name) : 'NULL'))
    .join(', ');
}

/** Whether a snapshot reads the column. */
export function isRead({primaryKey}: Relation, {name, excluded}: RelationColumn): boolean {
  return excluded !== true || primaryKey.includes(name);
}

/**
 * A table as the WAL saw it: names and types are the message's, nullability, key and type names the catalog's.
 *
 * The catalog may be newer: a column that it does not have is nullable, unless the replica identity has it.
 */
export function relationOfMessage(
  message: RelationMessage,
  table: CatalogTable | undefined,
  types: ReadonlyMap<number, CatalogType>,
): Relation {
  const known = new Map(table?.columns.map((column) => [column.name, column]));
  // A column of the replica identity is NOT NULL, unless that is the whole row.
  const isRequired = message.replicaIdentity !== 'full';
  const columns = message.columns.map(({name, typeOid, typeModifier, key}): RelationColumn => {
    const type = types.get(typeOid) ?? unknownType;
    return relationColumn(
      {name, typeOid, typeModifier: typeModifier === -1 ? type.typeModifier : typeModifier},
      type,
      !(key && isRequired) && (known.get(name)?.nullable ?? true),
    );
  });
  return {
    oid: message.oid,
    schema: message.schema,
    table: message.table,
    columns,
    primaryKey: keyColumnsOf(message, table),
    replicaIdentity: message.replicaIdentity,
  };
}

const unknownType: CatalogType = {typeName: 'unknown', typeModifier: -1, enumLabels: null};

function relationColumn(
  {name, typeOid, typeModifier}: Pick<RelationColumn, 'name' | 'typeOid' | 'typeModifier'>,
  {typeName, enumLabels}: Pick<CatalogType, 'typeName' | 'enumLabels'>,
  nullable: boolean,
): RelationColumn {
  const column = {name, typeOid, typeModifier, typeName, nullable};
  return enumLabels === null ? column : {...column, enumLabels};
}
