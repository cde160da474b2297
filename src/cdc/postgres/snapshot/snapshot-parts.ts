import type {Relation} from '../../replication-source.ts';
import {quoteTable} from '../catalog/publication.ts';
import {selectList} from '../catalog/relations.ts';

/** A table of a snapshot, and where its rows are. */
export interface SnapshotTable {
  readonly relation: Relation;
  readonly partitioned: boolean;
  /** The table itself, or its partitions; empty where they can only be read through it. */
  readonly heaps: readonly Heap[];
  readonly estimatedRows: number;
  /** The query whose rows are read in place of the table's; undefined for all rows. */
  readonly select?: string | undefined;
}

/** A relation that has rows of its own. */
export interface Heap {
  readonly schema: string;
  readonly table: string;
  /** Of `block_size` bytes each. */
  readonly blocks: number;
}

/** What one `COPY` reads. */
export interface SnapshotPart {
  /** Index of the table. */
  readonly table: number;
  readonly command: string;
}

/**
 * The commands that together read each row of `tables` once, in the order of the tables.
 *
 * For several readers heaps are cut into ranges of blocks, which Postgres 14 and later finds without reading the rest.
 */
export function snapshotParts(
  tables: readonly SnapshotTable[],
  {readers, rangeBlocks}: {readonly readers: number; readonly rangeBlocks: number},
): readonly SnapshotPart[] {
  return tables.flatMap((each, table) => {
    const {relation, partitioned, heaps, select} = each;
    if (select !== undefined)
      return [{table, command: copyCommand(relation, `(${select}\n) AS selected`)}];
    const sources =
      readers === 1 || heaps.length === 0
        ? [`${partitioned ? '' : 'ONLY '}${quoteTable(relation)}`]
        : heaps.flatMap((heap) => ranges(heap, rangeBlocks));
    return sources.map((source) => ({table, command: copyCommand(relation, source)}));
  });
}

function ranges(heap: Heap, rangeBlocks: number): readonly string[] {
  const count = Math.max(1, Math.ceil(heap.blocks / rangeBlocks));
  // ONLY: a child by inheritance is a table of its own in the stream.
  const source = `ONLY ${quoteTable(heap)}`;
  if (count === 1) return [source];
  return Array.from({length: count}, (_, index) => {
    const from = `ctid >= '(${index * rangeBlocks},0)'`;
    // Without an end the last one has what the heap has grown by.
    if (index === count - 1) return `${source} WHERE ${from}`;
    return `${source} WHERE ${from} AND ctid < '(${(index + 1) * rangeBlocks},0)'`;
  });
}

function copyCommand(relation: Relation, source: string): string {
  return `COPY (SELECT ${selectList(relation)} FROM ${source}) TO STDOUT`;
}
