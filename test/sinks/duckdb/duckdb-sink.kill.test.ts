import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {DuckDbSink} from '../../../src/sinks/duckdb/duckdb-sink.ts';
import type {SinkRow} from '../../../src/sinks/warehouse-sink.ts';
import {ChildProcess} from '../../support/child-process.ts';
import {compileScript} from '../../support/compiled-script.ts';
import {numberedBatch, numberedSource} from '../../support/numbered-batches.ts';
import {Random} from '../../support/random.ts';

type Mode = 'append' | 'upsert';

let root: string;
let script: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-duckdb-kill-'));
  script = await compileScript('duckdb-writer', root);
});
afterAll(() => rm(root, {recursive: true, force: true}));

/** What is committed, as the next process finds it. */
async function read(database: string, mode: Mode) {
  const sink = new DuckDbSink({database});
  const {nextOffset = 0} = await sink.open(numberedSource(mode));
  const found = await sink.query(
    `SELECT _offset::INT AS _offset, number::INT AS number, text FROM numbered_${mode} ORDER BY _offset`,
  );
  await sink.close();
  return {nextOffset, rows: found};
}

/** What the table holds once the watermark is `nextOffset`; undefined when no batch ends there. */
function expectedAt(nextOffset: number, mode: Mode): readonly unknown[] | undefined {
  const newest = new Map<unknown, SinkRow>();
  let at = 0;
  while (at < nextOffset) {
    const batch = numberedBatch(at);
    for (const row of batch.rows) newest.set(mode === 'append' ? row.offset : row.key, row);
    at = batch.nextOffset;
  }
  if (at !== nextOffset) return undefined;
  return [...newest.values()]
    .filter(({value}) => value !== null)
    .toSorted((a, b) => a.offset - b.offset)
    .map(({offset, value}) => ({_offset: offset, ...(JSON.parse(String(value)) as object)}));
}

/** The last watermark that the lines report. */
function reportedIn(lines: readonly string[], mode: Mode): number | undefined {
  const last = lines.findLast((line) => line.startsWith(`${mode} `));
  return last === undefined ? undefined : Number(last.split(' ')[1]);
}

describe('DuckDbSink', () => {
  test(
    'sink check 3: has each batch that it reported, whole and once, when it is killed at any moment',
    {timeout: 60_000},
    async () => {
      const random = new Random(11);
      const database = join(root, 'warehouse.duckdb');
      const reported = {append: 0, upsert: 0};
      for (let round = 0; round < 14; round++) {
        const child = new ChildProcess(script, [database]);
        // Every fourth time while it opens what the one before has left.
        const lines = round % 4 === 3 ? 1 : 2 + random.below(60);
        await child.when(`it wrote ${lines} lines`, (written) => written.length >= lines);
        await child.kill();

        for (const mode of ['append', 'upsert'] as const) {
          const last = reportedIn(child.lines, mode) ?? reported[mode];
          const {nextOffset, rows} = await read(database, mode);
          // The one after it may be committed without having been reported.
          expect([last, numberedBatch(last).nextOffset]).toContain(nextOffset);
          expect(rows).toEqual(expectedAt(nextOffset, mode));
          reported[mode] = nextOffset;
        }
      }
      expect(reported.append).toBeGreaterThan(2000);
      expect(reported.upsert).toBeGreaterThan(2000);
    },
  );

  test('says that another process has the file, and gets it once that has ended', async () => {
    const database = join(root, 'shared.duckdb');
    const child = new ChildProcess(script, [database]);
    await child.when('it writes', (lines) => lines.length > 1);

    const sink = new DuckDbSink({database});
    await expect(sink.open(numberedSource('append'))).rejects.toMatchObject({
      name: 'RetriableError',
      code: 'SINK_UNREACHABLE',
      message: expect.stringMatching(
        /^DuckDB file \S+shared\.duckdb: .*lock.*; close the other process that has it open$/,
      ),
    });
    await child.kill();

    const {nextOffset} = await sink.open(numberedSource('append'));
    const last = reportedIn(child.lines, 'append') ?? 0;
    // The one after it may be committed without having been reported.
    expect([last, numberedBatch(last).nextOffset]).toContain(nextOffset);
    await sink.close();
  });
});
