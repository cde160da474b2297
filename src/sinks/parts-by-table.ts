import type {Batch} from './batcher.ts';
import type {SinkEntry} from './record-converter.ts';
import type {TableDefinition} from './table-definition.ts';

/** Entries of a batch that go to a table of the same columns. */
export interface TablePart {
  readonly table: TableDefinition;
  readonly batch: Batch<SinkEntry>;
}

/** Cuts a batch before each row that needs another table than the rows before it; those before the batch went to `table`. */
export function partsByTable(
  batch: Batch<SinkEntry>,
  table: TableDefinition,
): readonly TablePart[] {
  const {entries, nextOffset} = batch;
  const parts: TablePart[] = [];
  let {startOffset} = batch;
  let current = table;
  let from = 0;
  for (const [at, entry] of entries.entries()) {
    if (entry.kind !== 'row' || entry.table === undefined || entry.table === current) continue;
    if (entry.offset > startOffset)
      parts.push({
        table: current,
        batch: {entries: entries.slice(from, at), startOffset, nextOffset: entry.offset},
      });
    current = entry.table;
    from = at;
    startOffset = entry.offset;
  }
  const rest = from === 0 ? entries : entries.slice(from);
  return [...parts, {table: current, batch: {entries: rest, startOffset, nextOffset}}];
}
