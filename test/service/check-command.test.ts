import {afterAll, beforeEach, describe, expect, test} from 'vitest';
import {checkCommand} from '../../src/service/check-command.ts';
import type {SinkCheck} from '../../src/sinks/sink-check.ts';
import {ordersTopology} from '../../src/topology.ts';
import {ConfigFolder, yamlWith} from '../config/config-folder.ts';
import {ManualClock} from '../support/manual-clock.ts';
import {MemorySink, MemoryWarehouse} from '../support/memory-sink.ts';

const folder = new ConfigFolder();
afterAll(() => folder.remove());

let printed = '';
let checked: string[] = [];
beforeEach(() => {
  printed = '';
  checked = [];
});

function check(warehouse: MemoryWarehouse, password: string): SinkCheck {
  return {
    steps: [
      {
        name: 'log in',
        remedy: 'set the password',
        run: () =>
          password === 'right' ? Promise.resolve('as me') : Promise.reject(new Error('refused')),
      },
    ],
    sink: new MemorySink(warehouse),
    largeBatch: 10,
    remedies: {create: '', write: '', alter: '', upsert: '', load: '', drop: ''},
    count: async (table) => warehouse.rows(table).length,
    drop: async () => undefined,
    fits: async () => 'fits',
    close: async () => undefined,
  };
}

async function run(sink: string | true, password = 'right'): Promise<void> {
  const config = folder.load(yamlWith({}));
  await checkCommand(config, {sink, format: 'text'}, new AbortController().signal, {
    topology: ordersTopology(config),
    inColour: false,
    openCheck: ({name}) => {
      checked.push(name);
      return check(new MemoryWarehouse(), password);
    },
    clock: new ManualClock(),
    print: (text) => {
      printed += text;
    },
  });
}

describe('checkCommand', () => {
  test('checks every sink, or the one that is named', async () => {
    await run(true);
    await run('b');

    expect(checked).toEqual(['b', 'b']);
  });

  test('prints a line for each step', async () => {
    await run('b');

    expect(printed.split('\n').slice(0, 3)).toEqual([
      'sink b (duckdb)',
      `  ok       ${'log in'.padEnd(43)}  as me`,
      expect.stringMatching(/^ {2}ok {7}create a table and its watermark {2,}millrace_check_/),
    ]);
    expect(printed).not.toContain('->');
  });

  test('prints the remedy of what failed, and fails', async () => {
    await expect(run('b', 'wrong')).rejects.toMatchObject({
      name: 'FatalError',
      code: 'SINK_CHECK_FAILED',
      message: 'sink b: log in failed; what to do stands beside it',
    });

    expect(printed).toContain(
      `  failed   ${'log in'.padEnd(43)}  refused\n           -> set the password\n`,
    );
    expect(printed).toContain('  skipped  create a table and its watermark\n');
  });

  test('knows no other sinks than the configured ones', async () => {
    await expect(run('other')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'there is no sink "other"; the configuration has b',
    });
    expect(checked).toEqual([]);
  });
});
