import type {TableDefinition} from './table-definition.ts';

/**
 * The table with the columns that only `other` has behind its own; the table itself where there are none.
 *
 * A column that has another type there keeps its own: whatever does not fit it is rejected row by row, and what fits still
 * lands.
 */
export function widerTable(table: TableDefinition, other: TableDefinition): TableDefinition {
  const names = new Set(table.columns.map(({name}) => name.toLowerCase()));
  const more = other.columns.filter(({name}) => !names.has(name.toLowerCase()));
  return more.length === 0 ? table : {...table, columns: [...table.columns, ...more]};
}
