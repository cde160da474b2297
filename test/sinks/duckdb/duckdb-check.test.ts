import {existsSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {DuckDbSink} from '../../../src/sinks/duckdb/duckdb-sink.ts';
import {DuckDbClient} from '../../../src/sinks/duckdb/duckdb-client.ts';
import {duckDbCheck} from '../../../src/sinks/duckdb/duckdb-check.ts';
import type {CheckResult} from '../../../src/common/check-result.ts';
import {runSinkCheck} from '../../../src/sinks/run-sink-check.ts';

import {json} from '../../../src/serde/format.ts';
import {bigint, struct, varchar} from '../../../src/serde/schema.ts';
import {lookAtSink} from '../../../src/sinks/look-at-sink.ts';
import type {SinkLook} from '../../../src/sinks/look-at-sink.ts';
import {resultOf, troubles} from '../../support/check-results.ts';
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

/** Runs SQL on the file, that nobody else has open. */
async function change(sql: string): Promise<void> {
  const client = await DuckDbClient.open({database: warehouse.file});
  await client.exclusive((connection) => connection.run(sql));
  await client.close();
}

/** What a look at the warehouse finds, with a topic of `id` and `total`. */
async function look(rest: Partial<SinkLook> = {}): Promise<readonly CheckResult[]> {
  const found: CheckResult[] = [];
  const source = {sink: 'b', insertMode: 'upsert', autoCreate: true, autoEvolve: 'evolve'} as const;
  const topics = [
    {name: 'looked', key: json(varchar()), value: json(struct({id: varchar(), total: bigint()}))},
  ];
  await lookAtSink(
    duckDbCheck({database: warehouse.file}),
    {...source, topics, tableNameFormat: '${topic}', ...rest},
    (result) => found.push(result),
  );
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

describe('duckDbCheck in a look that changes nothing', {timeout: 60_000}, () => {
  test('finds a warehouse in order, and makes nothing there', async () => {
    const found = await look();

    expect(troubles(found)).toEqual([]);
    expect(resultOf(found, 'table looked')).toBe('ok table looked: the sink creates it');
    expect(existsSync(warehouse.file)).toEqual(false);
  });

  test('says what becomes of a table that is there', async () => {
    await change('CREATE TABLE looked (id VARCHAR)');

    expect(resultOf(await look(), 'table looked')).toMatch(/^ok .* the sink adds .*total/i);
    expect(resultOf(await look({autoEvolve: 'fail'}), 'table looked')).toMatch(
      /^failed .*total.* is missing -> add it/i,
    );
    await change('DROP TABLE looked');
    await change('CREATE TABLE looked (id DATE)');
    expect(resultOf(await look(), 'table looked')).toMatch(/^failed .*id.* is .* -> alter it/i);
    expect(existsSync(`${warehouse.file}.staging`)).toBe(false);
  });

  test('asks for the directory of the file, unless the service makes it', async () => {
    const database = join(dirname(warehouse.file), 'data', 'warehouse.duckdb');
    const foundBy = async (madeAtStart?: string): Promise<readonly string[]> => {
      const found: CheckResult[] = [];
      const source = {
        sink: 'b',
        insertMode: 'append',
        autoCreate: true,
        autoEvolve: 'evolve',
      } as const;
      await lookAtSink(
        duckDbCheck({database}, madeAtStart),
        {...source, topics: [], tableNameFormat: '${topic}'},
        (result) => found.push(result),
      );
      return troubles(found);
    };

    expect(await foundBy(dirname(database))).toEqual([]);
    expect(await foundBy()).toEqual([
      expect.stringMatching(/^failed look into the file: .* there is no directory .*data -> /),
      'skipped room on the disk: ',
    ]);
  });

  test('says so where there is no table and the sink is to make none', async () => {
    expect(resultOf(await look({autoCreate: false}), 'table looked')).toMatch(
      /^failed .* does not exist.* -> create it or set auto.create: true$/,
    );
  });
});
