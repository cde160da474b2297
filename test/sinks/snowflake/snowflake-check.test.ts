import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import type {CheckResult} from '../../../src/common/check-result.ts';
import {runSinkCheck} from '../../../src/sinks/run-sink-check.ts';

import {json} from '../../../src/serde/format.ts';
import {bigint, struct, varchar} from '../../../src/serde/schema.ts';
import {lookAtSink} from '../../../src/sinks/look-at-sink.ts';
import type {SinkLook} from '../../../src/sinks/look-at-sink.ts';
import {resultOf, troubles} from '../../support/check-results.ts';
import {snowflakeCheck} from '../../../src/sinks/snowflake/snowflake-check.ts';
import type {SnowflakeOptions} from '../../../src/sinks/snowflake/snowflake-options.ts';
import {sinkLookSuite} from '../../suites/sink-look-suite.ts';
import {SnowflakeWarehouse} from './snowflake-warehouse.ts';

let warehouse: SnowflakeWarehouse;
beforeEach(async () => {
  warehouse = await SnowflakeWarehouse.start();
});
afterEach(() => warehouse.close());

async function results(rest: Partial<SnowflakeOptions> = {}): Promise<readonly CheckResult[]> {
  const found: CheckResult[] = [];
  const check = snowflakeCheck(warehouse.options(rest), systemClock);
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
    snowflakeCheck(warehouse.options(), systemClock),
    {...source, topics, tableNameFormat: '${topic}', ...rest},
    (result) => found.push(result),
  );
  return found;
}

describe('snowflakeCheck', () => {
  test(
    'finds an account that can be used, and leaves it as it was',
    {timeout: 60_000},
    async () => {
      const found = await results();

      expect(found.map(({name, outcome}) => [name, outcome])).toEqual([
        ['log in', 'ok'],
        ['use warehouse, database and schema', 'ok'],
        ['see own transactions', 'ok'],
        ['create a table and its watermark', 'ok'],
        ['insert rows with their watermark', 'ok'],
        ['find the watermark, fence the writer before', 'ok'],
        ['add a column', 'ok'],
        ['load a large batch', 'ok'],
        ['merge updates and deletes', 'ok'],
        ['clean up', 'ok'],
      ]);
      expect(warehouse.server.faults.statements.some((sql) => sql.startsWith('COPY INTO'))).toBe(
        true,
      );
      expect(await warehouse.server.query('SELECT table_name FROM duckdb_tables()')).toEqual([
        {table_name: '_SINK_OFFSETS'},
      ]);
      expect(await warehouse.server.query('SELECT * FROM _SINK_OFFSETS')).toEqual([]);
    },
  );

  test('says of a login that is refused what to do', async () => {
    const [first, ...others] = await results({credentials: {kind: 'password', password: 'wrong'}});

    expect(first).toMatchObject({
      name: 'log in',
      outcome: 'failed',
      detail: expect.stringContaining('Incorrect username or password'),
      remedy: expect.stringContaining('check account and url'),
    });
    expect(new Set(others.map(({outcome}) => outcome))).toEqual(new Set(['skipped']));
  });
});

describe('snowflakeCheck in a look that changes nothing', {timeout: 60_000}, () => {
  test('finds a warehouse in order, and makes nothing there', async () => {
    const found = await look();

    expect(troubles(found)).toEqual([]);
    expect(resultOf(found, 'table looked')).toBe('ok table looked: the sink creates it');
    expect(await warehouse.server.query('SELECT table_name FROM duckdb_tables()')).toEqual([]);
  });

  sinkLookSuite({
    look,
    run: (sql) => warehouse.server.query(sql),
    identifier: (name) => name.toUpperCase(),
  });
});
