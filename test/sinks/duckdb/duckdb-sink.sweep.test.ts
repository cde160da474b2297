import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {DuckDbSink} from '../../../src/sinks/duckdb/duckdb-sink.ts';
import type {TableColumn} from '../../../src/sinks/table-definition.ts';
import type {SinkRow, SinkSource} from '../../../src/sinks/warehouse-sink.ts';
import {statementSnapshots} from './statement-snapshots.ts';

const RECORDS = 1210;
/** From here on the records have a column more. */
const WIDER_FROM = 40;
/** Where the batches of the first process end. */
const ends = [3, 20, 33, 36, WIDER_FROM, 60, 700, RECORDS] as const;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-duckdb-sweep-'));
});
afterEach(() => rmSync(root, {recursive: true, force: true}));

/** Updates, deletes and inserts of few keys, then of many, with one line that is too long for the prepared statement. */
function record(offset: number): SinkRow {
  const key = offset < 60 ? `k${offset % 7}` : `many${offset % 610}`;
  const text = offset === 30 ? 'x'.repeat(1 << 20) : `v${offset}`;
  const value = {text, ...(offset >= WIDER_FROM && {more: offset})};
  return {
    offset,
    key,
    value: offset % 5 === 4 ? null : Buffer.from(JSON.stringify(value)),
    timestamp: 0,
  };
}

const narrow: readonly TableColumn[] = [{name: 'text', type: {kind: 'VARCHAR'}, from: 'value'}];
const wide: readonly TableColumn[] = [
  ...narrow,
  {name: 'more', type: {kind: 'BIGINT'}, from: 'value'},
];

function source(insertMode: SinkSource['insertMode'], from: number): SinkSource {
  return {
    sink: 'sweep',
    topic: 'records',
    topicId: 'topic-1',
    partition: 0,
    table: {name: 'records', columns: from < WIDER_FROM ? narrow : wide},
    insertMode,
    autoCreate: true,
    autoEvolve: 'evolve',
  };
}

/** Writes what the watermark says is missing, in batches that end at these offsets. */
async function load(
  database: string,
  insertMode: SinkSource['insertMode'],
  batchEnds: readonly number[],
  checkpointThreshold?: string,
): Promise<{readonly begun: number; readonly rows: readonly unknown[]}> {
  const sink = new DuckDbSink({database, ...(checkpointThreshold && {checkpointThreshold})});
  try {
    let partition = await sink.open(source(insertMode, 0));
    const begun = partition.nextOffset ?? 0;
    let at = begun;
    let isWide = false;
    for (const end of batchEnds.filter((offset) => offset > begun)) {
      if (at >= WIDER_FROM && !isWide) {
        isWide = true;
        await partition.close();
        partition = await sink.open(source(insertMode, at));
      }
      const rows = Array.from({length: end - at}, (_, i) => record(at + i));
      // Offsets without a row, as of control records.
      await partition.write({rows: end === 36 ? [] : rows, startOffset: at, nextOffset: end});
      at = end;
    }
    await partition.close();
    const rows = await sink.query(
      `SELECT _offset::INTEGER AS at, length(text)::INTEGER AS length FROM records ORDER BY _offset`,
    );
    return {begun, rows};
  } finally {
    await sink.close();
  }
}

/** What the table holds at the end. */
function expected(insertMode: SinkSource['insertMode']): unknown {
  const newest = new Map<unknown, SinkRow>();
  for (let offset = 0; offset < RECORDS; offset++) {
    if (offset >= 33 && offset < 36) continue;
    const row = record(offset);
    newest.set(insertMode === 'append' ? offset : row.key, row);
  }
  return [...newest.values()]
    .filter(({value}) => value !== null)
    .toSorted((a, b) => a.offset - b.offset)
    .map(({offset, value}) => {
      const {text} = JSON.parse(String(value)) as {text: string};
      return {at: offset, length: text.length};
    });
}

describe('DuckDbSink', () => {
  test.each(['append', 'upsert'] as const)(
    'sink check 3: killed behind any statement of %s, the next process completes the table',
    {timeout: 60_000},
    async (insertMode) => {
      const home = join(root, 'home');
      mkdirSync(home);
      const snapshots = await statementSnapshots(home, join(root, 'killed'), async () => {
        await load(join(home, 'w.duckdb'), insertMode, ends, '4KB');
      });

      expect(snapshots.length).toBeGreaterThan(40);
      const begun = new Set<number>();
      for (const {after, directory} of snapshots) {
        const database = join(directory, 'w.duckdb');
        const recovered = await load(database, insertMode, [33, 36, WIDER_FROM, RECORDS]);
        begun.add(recovered.begun);
        expect(recovered.rows, after).toEqual(expected(insertMode));
        rmSync(directory, {recursive: true});
      }
      expect([...begun].toSorted((a, b) => a - b)).toEqual([0, ...ends]);
    },
  );

  test.each(['append', 'upsert'] as const)(
    'sink check 6: killed right behind a COMMIT of %s, the batch is there once',
    async (insertMode) => {
      const home = join(root, 'home');
      mkdirSync(home);
      const snapshots = await statementSnapshots(home, join(root, 'killed'), async () => {
        await load(join(home, 'w.duckdb'), insertMode, [3, 20]);
      });
      const committed = snapshots.filter(({after}) => after === 'COMMIT');

      const begun: number[] = [];
      for (const {directory} of committed) {
        begun.push((await load(join(directory, 'w.duckdb'), insertMode, [])).begun);
      }

      // Behind the opening, the first batch and the second.
      expect(begun).toEqual([0, 3, 20]);
    },
  );
});
