import type {TableColumn} from '../../src/sinks/table-definition.ts';
import type {InsertMode, SinkRow, SinkSource} from '../../src/sinks/warehouse-sink.ts';

interface TopicRecord {
  readonly key: string;
  /** Null is a tombstone. */
  readonly value: Readonly<Record<string, unknown>> | null;
}

/** The records of a small topic by offset; undefined stands for a control record. In append mode tombstones make no row. */
const records: readonly (TopicRecord | undefined)[] = [
  {key: 'a', value: {size: 'S', count: 1}},
  {key: 'b', value: {size: 'S', count: 2}},
  {key: 'a', value: {size: 'M\'\\"ö', count: 3}},
  {key: 'c', value: {size: 'S', count: 4}},
  {key: 'e', value: {size: 'rejected', count: 'many'}},
  {key: 'b', value: null},
  {key: 'c', value: {size: 'M', count: 7}},
  undefined,
  undefined,
  {key: 'd', value: {size: 'S', count: 9, colour: 'red'}},
  {key: 'c', value: {size: 'L', count: 10, colour: null}},
  {key: 'a', value: null},
  {key: 'd', value: {size: 'M', count: 11, colour: 'blue'}},
  undefined,
];

/** Offset of the first record that has one column more. */
export const widerFrom = 9;

/** The record that no table takes. */
export const rejectedOffset = 4;

/** Where batches end: one has a row that is rejected, one has no row. */
export const batchEnds = [2, 7, 9, 11, 14] as const;

export const topicEnd = records.length;

/** The rows of the offsets from `from` to before `to`. */
export function topicRows(insertMode: InsertMode, from: number, to: number): SinkRow[] {
  return records.slice(from, to).flatMap((record, at) =>
    record === undefined || (record.value === null && insertMode === 'append')
      ? []
      : {
          offset: from + at,
          key: record.key,
          value: record.value === null ? null : Buffer.from(JSON.stringify(record.value)),
          timestamp: 1_000,
        },
  );
}

/** What the table holds once the topic is written up to `end`, by the topic alone. */
export function expectedTable(insertMode: InsertMode, end: number): unknown[] {
  const newest = new Map<unknown, SinkRow>();
  for (const row of topicRows(insertMode, 0, end))
    if (row.offset !== rejectedOffset)
      newest.set(insertMode === 'append' ? row.offset : row.key, row);
  return [...newest.values()]
    .filter(({value}) => value !== null)
    .toSorted((a, b) => a.offset - b.offset)
    .map(({offset, value}) => {
      const {size, count, colour = null} = JSON.parse(String(value)) as Record<string, unknown>;
      return {_offset: offset, size, count, colour};
    });
}

/** The topic as the source of a sink and table of this name, as its records are from `offset` on. */
export function sourceOf(name: string, insertMode: InsertMode, offset: number): SinkSource {
  const columns = offset < widerFrom ? narrow : [...narrow, column('colour', 'VARCHAR')];
  return {
    sink: name,
    topic: 'faults',
    topicId: 'topic-1',
    partition: 0,
    table: {name, columns: [...columns, partitionColumn]},
    insertMode,
    autoCreate: true,
    autoEvolve: 'evolve',
  };
}

const column = (name: string, kind: TableColumn['type']['kind']): TableColumn => ({
  name,
  type: {kind},
  from: 'value',
});

const narrow = [column('size', 'VARCHAR'), column('count', 'BIGINT')];

const partitionColumn: TableColumn = {
  name: 'partition',
  type: {kind: 'INTEGER'},
  from: 'partition',
};
