import {mkdir, mkdtemp, readdir, rm, stat} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import type {Clock} from '../../../src/common/clock.ts';
import {Conditions} from '../../../src/common/conditions.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import {DuckDbSink} from '../../../src/sinks/duckdb/duckdb-sink.ts';
import type {SinkPartition} from '../../../src/sinks/warehouse-sink.ts';
import {ChildProcess} from '../../support/child-process.ts';
import {compileScript} from '../../support/compiled-script.ts';
import {duckdbRows} from '../../support/duckdb-rows.ts';
import {ManualClock} from '../../support/manual-clock.ts';
import {numberedBatch, numberedSource} from '../../support/numbered-batches.ts';
import {until} from '../../support/until.ts';

let root: string;
let copy: string;
let conditions: Conditions;
let sink: DuckDbSink;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-duckdb-export-'));
  copy = join(root, 'copies', 'warehouse.duckdb');
  conditions = new Conditions();
});
afterEach(async () => {
  await sink.close();
  await rm(root, {recursive: true, force: true});
});

function open(clock: Clock, intervalMs = 1000): DuckDbSink {
  return new DuckDbSink(
    {database: join(root, 'warehouse.duckdb')},
    {database: copy, intervalMs, clock, conditions, logger: silentLogger, subject: 'sink local'},
  );
}

/** Writes the batch that starts at an offset; resolves with where the next one does. */
async function write(partition: SinkPartition, at: number): Promise<number> {
  const batch = numberedBatch(at);
  await partition.write(batch);
  return batch.nextOffset;
}

/** Rows of the append table with these watermarks. */
function rowsUpTo(nextOffset: number): number {
  let rows = 0;
  for (let at = 0; at < nextOffset; at = numberedBatch(at).nextOffset)
    rows += numberedBatch(at).rows.filter(({value}) => value !== null).length;
  return rows;
}

async function copiedRows(): Promise<number | undefined> {
  const [row] = await duckdbRows(copy, 'SELECT count(*)::INTEGER AS rows FROM numbered_append');
  return Number(row?.['rows']);
}

async function whenWritten(before?: number): Promise<number> {
  let inode: number | undefined;
  await until('the copy is written', async () => {
    inode = (await stat(copy).catch(() => undefined))?.ino;
    return inode !== undefined && inode !== before;
  });
  return inode as number;
}

describe('DatabaseExport', () => {
  test(
    'gives another process whole batches with their watermark, ever newer ones, while rows flow',
    {timeout: 60_000},
    async () => {
      await mkdir(join(root, 'copies'));
      const script = await compileScript('duckdb-reader', root);
      sink = open(systemClock, 5);
      const partition = await sink.open(numberedSource('append'));
      let at = await write(partition, 0);
      await whenWritten();
      const reader = new ChildProcess(script, [copy]);
      const seen = new AbortController();
      const reading = reader
        .when('it has seen 8 copies', (lines) => new Set(lines).size >= 8)
        .finally(() => seen.abort());

      while (!seen.signal.aborted) at = await write(partition, at);
      await reading;
      await reader.kill();

      const copies = reader.lines.map(
        (line) => JSON.parse(line) as {next_offset: number; rows: number; newest: number},
      );
      expect(copies.map(({rows}) => rows)).toEqual(
        copies.map(({next_offset: nextOffset}) => rowsUpTo(nextOffset)),
      );
      expect(copies.map(({rows}) => rows)).toEqual(
        copies.map(({rows}) => rows).toSorted((a, b) => a - b),
      );
      expect(copies.every(({next_offset: nextOffset, newest}) => newest < nextOffset)).toBe(true);
      expect(at).toBeGreaterThan(copies.at(-1)?.newest ?? Infinity);
    },
  );

  test('is written after each interval in which something was committed, and not after others', async () => {
    await mkdir(join(root, 'copies'));
    const clock = new ManualClock();
    sink = open(clock);
    const partition = await sink.open(numberedSource('append'));
    const at = await write(partition, 0);
    expect(await readdir(join(root, 'copies'))).toEqual([]);

    clock.advance(1000);
    const first = await whenWritten();
    expect(await copiedRows()).toBe(rowsUpTo(at));

    clock.advance(1000);
    await sink.query('SELECT 1');
    expect((await stat(copy)).ino).toBe(first);

    const next = await write(partition, at);
    clock.advance(1000);
    await whenWritten(first);
    expect(await copiedRows()).toBe(rowsUpTo(next));
    expect(await readdir(join(root, 'copies'))).toEqual(['warehouse.duckdb']);
  });

  test('that cannot be written is a warning, and is tried again; the sink goes on', async () => {
    const clock = new ManualClock();
    sink = open(clock);
    const partition = await sink.open(numberedSource('append'));
    const at = await write(partition, 0);

    clock.advance(1000);
    await until('the condition is raised', () => conditions.list().length > 0);
    expect(conditions.list()).toMatchObject([
      {
        code: 'SINK_EXPORT_FAILED',
        subject: 'sink local',
        severity: 'warning',
        message: expect.stringContaining(copy),
      },
    ]);
    await write(partition, at);

    await mkdir(join(root, 'copies'));
    clock.advance(1000);
    await whenWritten();
    await until('the condition is cleared', () => conditions.list().length === 0);
  });

  test('ends with the sink', async () => {
    await mkdir(join(root, 'copies'));
    const clock = new ManualClock();
    sink = open(clock);
    await write(await sink.open(numberedSource('append')), 0);

    clock.advance(1000);
    await sink.close();
    const {ino} = await stat(copy);
    clock.advance(10_000);
    sink = open(clock);
    await sink.query('SELECT 1');

    expect((await stat(copy)).ino).toBe(ino);
  });
});
