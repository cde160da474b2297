import {nameOf} from '../../table-filter.ts';
import type {TableFilter} from '../../table-filter.ts';
import {publishedTables} from '../catalog/publication.ts';
import type {PublicationState} from '../catalog/publication.ts';
import type {FoundTable} from '../catalog/table-catalog.ts';
import {selectTables} from '../catalog/table-selection.ts';

export interface ObservedPublication {
  /** `schema.table` of all that it publishes: those that it names, and the partitions where they go under their own name. */
  readonly tables: readonly string[];
  /** Of `insert`, `update`, `delete` and `truncate`, what it leaves out. */
  readonly missingOperations: readonly string[];
  /** `schema.table` of those with a row filter or a column list. */
  readonly filteredTables: readonly string[];
  /** `schema.table` of what the filters match now and did not at the start, and it does not publish. */
  readonly newTables: readonly string[];
}

/** What `publication` means for the tables that are there; `captured`: `schema.table` of what the filters matched at the start. */
export function observedPublication(
  publication: PublicationState,
  found: readonly FoundTable[],
  filter: TableFilter,
  captured: readonly string[],
): ObservedPublication {
  const {missingOperations, filtered, viaRoot} = publication;
  const tables = [...publishedTables(found, publication).map(nameOf), ...publication.tables];
  const known = new Set([...tables, ...captured]);
  const newTables = selectTables(found, filter, viaRoot)
    .captured.filter((table) => !filter.isSignalTable(table))
    .map(nameOf)
    .filter((name) => !known.has(name));
  return {tables, missingOperations, filteredTables: filtered, newTables};
}
