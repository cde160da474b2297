import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import {databricksCheck} from '../../../src/sinks/databricks/databricks-check.ts';
import type {DatabricksOptions} from '../../../src/sinks/databricks/databricks-client.ts';
import type {CheckResult} from '../../../src/common/check-result.ts';
import {runSinkCheck} from '../../../src/sinks/run-sink-check.ts';

import {json} from '../../../src/serde/format.ts';
import {bigint, struct, varchar} from '../../../src/serde/schema.ts';
import {lookAtSink} from '../../../src/sinks/look-at-sink.ts';
import type {SinkLook} from '../../../src/sinks/look-at-sink.ts';
import {resultOf, troubles} from '../../support/check-results.ts';
import {sinkLookSuite} from '../../suites/sink-look-suite.ts';
import {DatabricksWarehouse} from './databricks-warehouse.ts';

let warehouse: DatabricksWarehouse;
beforeEach(async () => {
  warehouse = await DatabricksWarehouse.start();
}, 60_000);
afterEach(() => warehouse.close());

async function results(rest: Partial<DatabricksOptions> = {}): Promise<readonly CheckResult[]> {
  const deps = {clock: systemClock, logger: silentLogger};
  const check = databricksCheck(warehouse.options(rest), deps);
  const found: CheckResult[] = [];
  for await (const result of runSinkCheck(check, 'x', new AbortController().signal)) {
    found.push(result);
  }
  return found;
}

/** What a look at the warehouse finds, with a topic of `id` and `total`. */
async function look(rest: Partial<SinkLook> = {}): Promise<readonly CheckResult[]> {
  const found: CheckResult[] = [];
  const source = {sink: 'b', insertMode: 'upsert', autoCreate: true, autoEvolve: 'evolve'} as const;
  const topics = [
    {name: 'looked', key: json(varchar()), value: json(struct({id: varchar(), total: bigint()}))},
  ];
  await lookAtSink(
    databricksCheck(warehouse.options(), {clock: systemClock, logger: silentLogger}),
    {...source, topics, tableNameFormat: '${topic}', ...rest},
    (result) => found.push(result),
  );
  return found;
}

describe('databricksCheck', {timeout: 60_000}, () => {
  test('goes through with a workspace that can be used, and leaves nothing', async () => {
    const found = await results();

    expect(found.map(({name, outcome, detail}) => [name, outcome, detail])).toEqual([
      ['log in', 'ok', expect.any(String)],
      ['look into the volume', 'ok', '/Volumes/main/default/millrace'],
      ['compare the clocks', 'ok', expect.stringMatching(/^\d\.\d s apart$/)],
      ['create a table and its watermark', 'ok', 'millrace_check_x_append'],
      ['insert rows with their watermark', 'ok', '2 rows in millrace_check_x_append'],
      ['find the watermark, fence the writer before', 'ok', '2 rows in millrace_check_x_append'],
      ['add a column', 'ok', '3 rows in millrace_check_x_append'],
      ['load a large batch', 'ok', '1003 rows in millrace_check_x_append'],
      ['merge updates and deletes', 'ok', '2 rows in millrace_check_x_upsert'],
      ['clean up', 'ok', 'scratch tables and watermarks removed'],
    ]);
    expect(
      await warehouse.server.query(
        "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'millrace%'",
      ),
    ).toEqual([]);
    expect(await warehouse.server.query('SELECT * FROM _sink_offsets')).toEqual([]);
  });

  test('says that the token is wrong, and never the token', async () => {
    const [first, ...others] = await results({login: {kind: 'token', token: 'wr0ng'}});

    expect(first).toMatchObject({
      name: 'log in',
      outcome: 'failed',
      detail: expect.stringContaining('401'),
      remedy: expect.stringContaining('check host, http.path and token'),
    });
    expect(JSON.stringify(first)).not.toContain('wr0ng');
    expect(new Set(others.map(({outcome}) => outcome))).toEqual(new Set(['skipped']));
  });

  test('names the grant that is missing', async () => {
    warehouse.server.deny(/^CREATE TABLE .*millrace_check/);

    const found = await results();

    expect(found[3]).toMatchObject({
      name: 'create a table and its watermark',
      outcome: 'failed',
      detail: expect.stringContaining('Insufficient privileges'),
      remedy: expect.stringContaining(
        'GRANT USE SCHEMA, CREATE TABLE, SELECT, MODIFY ON SCHEMA main.default',
      ),
    });
    expect(found.at(-1)).toMatchObject({name: 'clean up', outcome: 'ok'});
  });
});

describe('databricksCheck in a look that changes nothing', {timeout: 60_000}, () => {
  test('finds a warehouse in order, and makes nothing there', async () => {
    const found = await look();

    expect(troubles(found)).toEqual([]);
    expect(resultOf(found, 'table looked')).toBe('ok table looked: the sink creates it');
    // The one that is the stand-in's own.
    expect(await warehouse.server.query('SELECT table_name FROM duckdb_tables()')).toEqual([
      {table_name: 'loaded_files'},
    ]);
  });

  sinkLookSuite({
    look,
    run: (sql) => warehouse.server.query(sql),
    identifier: (name) => name,
  });
});
