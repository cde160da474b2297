import {describe, expect, test} from 'vitest';
import type {CheckResult} from '../../src/common/check-result.ts';
import {FatalError} from '../../src/common/errors.ts';
import {json} from '../../src/serde/format.ts';
import {bigint, struct, varchar} from '../../src/serde/schema.ts';
import {lookAtSink} from '../../src/sinks/look-at-sink.ts';
import type {SinkCheck} from '../../src/sinks/sink-check.ts';
import {troubles} from '../support/check-results.ts';
import {MemorySink, MemoryWarehouse} from '../support/memory-sink.ts';

const topics = [
  {name: 'orders', key: json(varchar()), value: json(struct({id: varchar(), total: bigint()}))},
  {name: 'postgres.a.b'},
];

let closed = 0;

const refused = (): Promise<string> => Promise.reject(new Error('refused'));

function check(rest: Partial<SinkCheck> = {}): SinkCheck {
  return {
    steps: [{name: 'log in', remedy: 'set the password', run: async () => 'as me'}],
    sink: new MemorySink(new MemoryWarehouse()),
    largeBatch: 1,
    remedies: {create: '', write: '', alter: '', upsert: '', load: '', drop: ''},
    count: () => Promise.reject(new Error('it only looks')),
    drop: () => Promise.reject(new Error('it only looks')),
    fits: async ({table}) => `fits ${table.columns.length} columns`,
    close: async () => void closed++,
    ...rest,
  };
}

async function look(of: SinkCheck, tableNameFormat = 'raw_${topic}') {
  const results: CheckResult[] = [];
  const source = {sink: 'b', insertMode: 'upsert', autoCreate: true, autoEvolve: 'evolve'} as const;
  await lookAtSink(of, {...source, topics, tableNameFormat}, (result) => results.push(result));
  return results;
}

describe('lookAtSink', () => {
  test('takes the steps, then looks at each table, and closes', async () => {
    closed = 0;

    const results = await look(check());

    expect(results.map(({outcome, name, detail}) => [outcome, name, detail])).toEqual([
      ['ok', 'log in', 'as me'],
      ['ok', 'table raw_orders', 'fits 3 columns'],
      ['skipped', 'table raw_postgres_a_b', 'its columns follow from the first record'],
    ]);
    expect(closed).toBe(1);
  });

  test('takes the steps of a look in place of those of a first run', async () => {
    const lookSteps = [{name: 'look', remedy: '', run: async () => ''}];

    expect((await look(check({lookSteps})))[0]).toMatchObject({name: 'look'});
  });

  test('skips what follows a failure', async () => {
    const steps = [
      {name: 'log in', remedy: 'set the password', run: refused},
      {name: 'use the warehouse', remedy: '', run: refused},
    ];

    expect(troubles(await look(check({steps})))).toEqual([
      'failed log in: refused -> set the password',
      'skipped use the warehouse: ',
      'skipped table raw_orders: ',
      'skipped table raw_postgres_a_b: ',
    ]);
  });

  test('names a table that cannot take the rows, and two topics that share one', async () => {
    const error = new FatalError('SINK_TABLE_MISMATCH', 'column "id" is DATE; alter it');

    const misfit = await look(check({fits: () => Promise.reject(error)}));
    const shared = await look(check(), 'all');

    expect(troubles(misfit)).toContain('failed table raw_orders: column "id" is DATE -> alter it');
    expect(troubles(shared)).toEqual([
      expect.stringMatching(/^failed tables: .* goes to table all too -> set another/),
    ]);
  });
});
