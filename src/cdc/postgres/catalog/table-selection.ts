import {nameOf} from '../../table-filter.ts';
import type {TableFilter} from '../../table-filter.ts';
import type {PublicationMode} from './publication.ts';
import type {FoundTable} from './table-catalog.ts';

/** Which tables a filter means. */
export interface TableSelection {
  /** What the publication has to name: a partition comes with the table above it. */
  readonly published: readonly FoundTable[];
  /** What changes come from and a snapshot reads, in the order of `table.include.list`. */
  readonly captured: readonly FoundTable[];
  /** What an operator should know about what the filter matches and what it does not, one line each. */
  readonly remarks: readonly string[];
}

const kinds = {
  v: 'views have no changes of their own',
  m: 'materialized views have no changes of their own',
  f: 'foreign tables have their changes in another server',
} as const;

/**
 * Applies `filter` to the relations of a database.
 *
 * With `publish.via.partition.root` (`viaRoot`) a partitioned table is one table, and its partitions are none. Without
 * it changes come under the names of the partitions, so those must match; their parents need not.
 */
export function selectTables(
  found: readonly FoundTable[],
  filter: TableFilter,
  viaRoot: boolean,
): TableSelection {
  const matched = found.filter(({schema, table}) => filter.includesTable(schema, table));
  const remarks: string[] = [];
  const unmatched = filter.unmatched(found);
  if (unmatched.length > 0)
    remarks.push(
      `nothing matches ${unmatched.join(', ')} of table.include.list; check the names and database.dbname`,
    );
  for (const [kind, reason] of Object.entries(kinds))
    remark(remarks, matched, (each) => each.kind === kind, `cannot be captured: ${reason}`);
  remark(
    remarks,
    matched,
    (each) => isTable(each) && each.unlogged,
    'cannot be captured: unlogged tables are not in the WAL (ALTER TABLE … SET LOGGED)',
  );
  const tables = matched.filter((each) => isTable(each) && !each.unlogged);
  const oids = new Set(tables.map(({oid}) => oid));
  const published = tables.filter(({ancestors}) => !ancestors.some((oid) => oids.has(oid)));
  const captured = viaRoot ? published : tables.filter(({kind}) => kind === 'r');
  if (!viaRoot) remarkPartitions(remarks, found, tables);
  remark(
    remarks,
    captured,
    ({extension}) => extension !== null,
    'comes from an extension; leave it out with table.exclude.list unless its rows are yours',
  );
  return {
    published,
    captured: captured.toSorted(
      (a, b) => filter.placeOf(a.schema, a.table) - filter.placeOf(b.schema, b.table),
    ),
    remarks,
  };
}

/**
 * Tables outside of what is captured on which Postgres refuses the application's updates and deletes because of a
 * publication of all tables.
 */
export function endangeredTables(
  mode: PublicationMode,
  found: readonly FoundTable[],
  {published}: TableSelection,
): readonly FoundTable[] {
  if (mode !== 'all_tables') return [];
  const wanted = new Set(published.map(({oid}) => oid));
  return found.filter(
    ({oid, kind, unlogged, refusesUpdates, ancestors}) =>
      kind === 'r' &&
      refusesUpdates &&
      !unlogged &&
      ![oid, ...ancestors].some((each) => wanted.has(each)),
  );
}

/** Changes of a partitioned table come under the names of its partitions. */
function remarkPartitions(
  remarks: string[],
  found: readonly FoundTable[],
  tables: readonly FoundTable[],
): void {
  const oids = new Set(tables.map(({oid}) => oid));
  for (const root of tables.filter(({kind}) => kind === 'p')) {
    const missed = found.filter(
      ({oid, kind, ancestors}) => kind === 'r' && ancestors.includes(root.oid) && !oids.has(oid),
    );
    if (missed.length > 0)
      remarks.push(
        `${nameOf(root)} is partitioned, and its changes come under the names of its partitions, of which the filters leave out ${missed.map(nameOf).join(', ')}; match them, too, or set publish.via.partition.root: true`,
      );
  }
}

function isTable({kind}: FoundTable): boolean {
  return kind === 'r' || kind === 'p';
}

function remark(
  remarks: string[],
  tables: readonly FoundTable[],
  applies: (table: FoundTable) => boolean,
  text: string,
): void {
  const names = tables.filter(applies).map(nameOf);
  if (names.length > 0) remarks.push(`${names.join(', ')} ${text}`);
}
