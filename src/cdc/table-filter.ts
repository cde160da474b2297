import {anchoredPattern} from '../common/anchored-pattern.ts';
import type {Relation} from './replication-source.ts';

/**
 * The include and exclude lists of a source: regular expressions for the whole name, whatever its case.
 *
 * Tables are named `schema.table`, columns `schema.table.column`. An empty list does not restrict; of one kind there is
 * an include list or an exclude list.
 */
export interface FilterLists {
  readonly schemaIncludeList?: readonly string[] | undefined;
  readonly schemaExcludeList?: readonly string[] | undefined;
  readonly tableIncludeList?: readonly string[] | undefined;
  readonly tableExcludeList?: readonly string[] | undefined;
  readonly columnIncludeList?: readonly string[] | undefined;
  readonly columnExcludeList?: readonly string[] | undefined;
  /** `schema.table` of `signal.data.collection`, which the other lists need not match. */
  readonly signalTable?: string | undefined;
}

interface Pattern {
  readonly source: string;
  readonly expression: RegExp;
}

/** Says which tables are captured, and which of their columns. */
export class TableFilter {
  readonly #schemas: (name: string) => boolean;
  readonly #tables: (name: string) => boolean;
  readonly #columns: (name: string) => boolean;
  readonly #included: readonly Pattern[];
  readonly #signalTable: string | undefined;

  /** @throws SyntaxError for a pattern that is no regular expression. */
  constructor(lists: FilterLists) {
    const {schemaIncludeList, schemaExcludeList, tableIncludeList, tableExcludeList} = lists;
    this.#included = (tableIncludeList ?? []).map(compiled);
    this.#signalTable = lists.signalTable;
    this.#schemas = predicate((schemaIncludeList ?? []).map(compiled), schemaExcludeList);
    this.#tables = predicate(this.#included, tableExcludeList);
    this.#columns = predicate(
      (lists.columnIncludeList ?? []).map(compiled),
      lists.columnExcludeList,
    );
  }

  /** Postgres' own schemas and those of temporary tables are never captured. */
  includesTable(schema: string, table: string): boolean {
    const name = `${schema}.${table}`;
    if (name === this.#signalTable) return true;
    return !isSystemSchema(schema) && this.#schemas(schema) && this.#tables(name);
  }

  /** Whether it is streamed for its signals only: it has no events. */
  isSignalTable({schema, table}: {readonly schema: string; readonly table: string}): boolean {
    return nameOf({schema, table}) === this.#signalTable;
  }

  /** Marks the columns that are no part of the events; a key has its columns all the same. */
  markExcluded(relation: Relation): Relation {
    const {schema, table, columns} = relation;
    const isExcluded = columns.map(({name}) => !this.#columns(`${schema}.${table}.${name}`));
    if (!isExcluded.includes(true)) return relation;
    return {
      ...relation,
      columns: columns.map((column, index) =>
        isExcluded[index] === true ? {...column, excluded: true} : column,
      ),
    };
  }

  /** Which place `table.include.list` gives it: that of the first pattern that matches, 0 without such a list. */
  placeOf(schema: string, table: string): number {
    return Math.max(
      0,
      this.#included.findIndex(({expression}) => expression.test(`${schema}.${table}`)),
    );
  }

  /** The patterns of `table.include.list` that match none of these tables. */
  unmatched(tables: readonly {readonly schema: string; readonly table: string}[]): string[] {
    return this.#included
      .filter(({expression}) => !tables.some((each) => expression.test(nameOf(each))))
      .map(({source}) => source);
  }
}

/** The name that the lists are matched against, and under which offsets and metrics know a table. */
export function nameOf({schema, table}: {readonly schema: string; readonly table: string}): string {
  return `${schema}.${table}`;
}

function predicate(
  included: readonly Pattern[],
  excludeList: readonly string[] = [],
): (name: string) => boolean {
  if (included.length > 0) return (name) => included.some(({expression}) => expression.test(name));
  const excluded = excludeList.map(compiled);
  return (name) => !excluded.some(({expression}) => expression.test(name));
}

function compiled(source: string): Pattern {
  return {source, expression: anchoredPattern(source)};
}

function isSystemSchema(schema: string): boolean {
  return /^(pg_|information_schema$)/.test(schema);
}
