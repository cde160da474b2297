import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {DuckDbSink} from '../../../src/sinks/duckdb/duckdb-sink.ts';
import {duckDbCheck} from '../../../src/sinks/duckdb/duckdb-check.ts';
import {runSinkCheck} from '../../../src/sinks/run-sink-check.ts';
import type {CheckResult} from '../../../src/sinks/sink-check.ts';
import {DuckDbWarehouse} from './duckdb-warehouse.ts';

let warehouse: DuckDbWarehouse;
beforeEach(() => {
  warehouse = new DuckDbWarehouse();
});
afterEach(() => warehouse.close());

async function results(): Promise<readonly CheckResult[]> {
  const found: CheckResult[] = [];
  const check = duckDbCheck({database: warehouse.file});
  for await (const result of runSinkCheck(check, 'x', new AbortController().signal)) {
    found.push(result);
  }
  return found;
}

describe('duckDbCheck', () => {
  test('finds a file that can be used, and leaves it as it was', async () => {
    const found = await results();

    expect(found.map(({name, outcome}) => [name, outcome])).toEqual([
      ['open the file', 'ok'],
      ['room on the disk', 'ok'],
      ['create a table and its watermark', 'ok'],
      ['insert rows with their watermark', 'ok'],
      ['find the watermark, fence the writer before', 'ok'],
      ['add a column', 'ok'],
      ['load a large batch', 'ok'],
      ['merge updates and deletes', 'ok'],
      ['clean up', 'ok'],
    ]);
    expect(await warehouse.run('SELECT table_name FROM duckdb_tables()')).toEqual([
      {table_name: '_sink_offsets'},
    ]);
    expect(await warehouse.run('SELECT * FROM _sink_offsets')).toEqual([]);
  });

  test('says that another has the file open', async () => {
    const sink = new DuckDbSink({database: warehouse.file});
    await sink.query('SELECT 1');

    const [first, ...others] = await results();
    await sink.close();

    expect(first).toMatchObject({
      outcome: 'failed',
      detail: expect.stringContaining('has it open'),
      remedy: expect.stringContaining(`stop what has ${warehouse.file} open`),
    });
    expect(new Set(others.map(({outcome}) => outcome))).toEqual(new Set(['skipped']));
  });
});
