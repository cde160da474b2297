import {beforeEach, describe, expect, test} from 'vitest';
import type {CheckResult} from '../../src/common/check-result.ts';
import {FatalError} from '../../src/common/errors.ts';
import {runSinkCheck} from '../../src/sinks/run-sink-check.ts';
import {CheckWarning} from '../../src/sinks/sink-check.ts';
import type {CheckStep, SinkCheck} from '../../src/sinks/sink-check.ts';
import {MemorySink, MemoryWarehouse} from '../support/memory-sink.ts';

let warehouse: MemoryWarehouse;
let dropped: string[];
let closed: number;
beforeEach(() => {
  warehouse = new MemoryWarehouse();
  dropped = [];
  closed = 0;
});

const remedies = {
  create: 'grant create',
  write: 'grant insert',
  alter: 'grant alter',
  upsert: 'grant merge',
  load: 'grant load',
  drop: 'grant drop',
};

function step(name: string, run: () => Promise<string>): CheckStep {
  return {name, run, remedy: `remedy of ${name}`};
}

function check(rest: Partial<SinkCheck> = {}): SinkCheck {
  return {
    steps: [step('log in', async () => 'as me')],
    sink: new MemorySink(warehouse),
    largeBatch: 100,
    remedies,
    count: async (table) => warehouse.rows(table).length,
    drop: async (table) => void dropped.push(table),
    fits: async () => 'fits',
    close: async () => void closed++,
    ...rest,
  };
}

async function results(of: SinkCheck, signal = new AbortController().signal) {
  const found: CheckResult[] = [];
  for await (const result of runSinkCheck(of, 'x', signal)) found.push(result);
  return found;
}

const outcomes = (found: readonly CheckResult[]): readonly string[] =>
  found.map(({name, outcome}) => `${outcome} ${name}`);

describe('runSinkCheck', () => {
  test('tries the steps of the warehouse, then what the sink writes, and removes that', async () => {
    const found = await results(check());

    expect(outcomes(found)).toEqual([
      'ok log in',
      'ok create a table and its watermark',
      'ok insert rows with their watermark',
      'ok find the watermark, fence the writer before',
      'ok add a column',
      'ok load a large batch',
      'ok merge updates and deletes',
      'ok clean up',
    ]);
    expect(found[5]?.detail).toBe('103 rows in millrace_check_x_append');
    expect(dropped).toEqual(['millrace_check_x_append', 'millrace_check_x_upsert']);
    expect(closed).toBe(1);
  });

  test('goes on behind a warning, and tells its remedy', async () => {
    const clock = step('compare clocks', () => Promise.reject(new CheckWarning('5 min apart')));

    const found = await results(check({steps: [clock]}));

    expect(found[0]).toEqual({
      name: 'compare clocks',
      outcome: 'warning',
      detail: '5 min apart',
      remedy: 'remedy of compare clocks',
    });
    expect(new Set(found.slice(1).map(({outcome}) => outcome))).toEqual(new Set(['ok']));
  });

  test('skips what follows a failure; with nothing made there is nothing to remove', async () => {
    const login = step('log in', () => Promise.reject(new Error('wrong password')));

    const found = await results(check({steps: [login]}));

    expect(found[0]).toMatchObject({outcome: 'failed', detail: 'wrong password'});
    expect(outcomes(found.slice(1))).toEqual([
      'skipped create a table and its watermark',
      'skipped insert rows with their watermark',
      'skipped find the watermark, fence the writer before',
      'skipped add a column',
      'skipped load a large batch',
      'skipped merge updates and deletes',
    ]);
    expect(dropped).toEqual([]);
    expect(closed).toBe(1);
  });

  test('removes what was made before a step of the sink failed, with the remedy of that step', async () => {
    const refused = new FatalError('SINK_TABLE_MISMATCH', 'no right to write');
    const sink = new MemorySink(warehouse, {beforeWrite: () => Promise.reject(refused)});

    const found = await results(check({sink}));

    expect(found[2]).toEqual({
      name: 'insert rows with their watermark',
      outcome: 'failed',
      detail: 'no right to write',
      remedy: 'grant insert',
    });
    expect(outcomes(found).slice(3, 4)).toEqual([
      'skipped find the watermark, fence the writer before',
    ]);
    expect(outcomes(found).at(-1)).toBe('ok clean up');
    expect(dropped).toHaveLength(2);
  });

  test.each([
    ['loses rows', (rows: number) => rows - 1],
    ['doubles rows', (rows: number) => rows * 2],
  ])('does not believe a warehouse that %s', async (_, seen) => {
    const found = await results(
      check({count: async (table) => seen(warehouse.rows(table).length)}),
    );

    expect(found[2]).toMatchObject({
      outcome: 'failed',
      detail: expect.stringMatching(/^millrace_check_x_append has \d rows in place of 2$/),
    });
  });

  test('fails where a stale writer can still write', async () => {
    const sink = new MemorySink(warehouse, {
      beforeOpen: () => {
        const watermark = warehouse.watermarks.get('check-x/millrace_check_x_append/0');
        // As a warehouse that forgets who has taken over.
        if (watermark !== undefined) watermark.epoch--;
      },
    });

    const found = await results(check({sink}));

    expect(found[3]).toMatchObject({
      name: 'find the watermark, fence the writer before',
      outcome: 'failed',
    });
  });

  test('says what is left when it cannot be removed', async () => {
    const found = await results(check({drop: () => Promise.reject(new Error('no right'))}));

    expect(found.at(-1)).toEqual({
      name: 'clean up',
      outcome: 'failed',
      detail: 'no right',
      remedy:
        'grant drop; then drop millrace_check_x_append and millrace_check_x_upsert, and delete the watermarks of sink check-x',
    });
  });

  test('tries nothing more once it is told to stop, and removes what it has made', async () => {
    const stop = new AbortController();
    const count = async (table: string): Promise<number> => {
      stop.abort();
      return warehouse.rows(table).length;
    };

    const found = await results(check({count}), stop.signal);

    expect(outcomes(found).slice(2, 4)).toEqual([
      'ok insert rows with their watermark',
      'skipped find the watermark, fence the writer before',
    ]);
    expect(outcomes(found).at(-1)).toBe('ok clean up');
  });
});
