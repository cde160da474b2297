import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeEach, describe, expect, test} from 'vitest';
import {runCli} from '../src/cli.ts';
import {Secrets} from '../src/common/secrets.ts';
import type {Config} from '../src/config/config.ts';
import {ordersTopology} from '../src/topology.ts';
import {ConfigFolder} from './config/config-folder.ts';

const folder = new ConfigFolder();
const file = join(folder.path, 'm.yaml');
afterAll(() => folder.remove());

let started: Config[] = [];
let roles: unknown;
let snapshots: unknown[] = [];
let checks: unknown[] = [];
let questions: unknown[] = [];
let resets: unknown[] = [];
let looks: unknown[] = [];
let printed = '';

beforeEach(() => {
  started = [];
  snapshots = [];
  checks = [];
  questions = [];
  resets = [];
  looks = [];
  printed = '';
  writeFileSync(file, 'semantics: ksqldb\n');
});

const never = new AbortController().signal;

async function run(...args: readonly string[]): Promise<void> {
  await runCli(args, never, new Secrets(), {
    start: async (config, _signal, some) => {
      started.push(config);
      roles = some;
    },
    snapshot: async (config, command) => {
      snapshots.push([config.file, command]);
      return 'told\n';
    },
    check: async (config, command) => {
      checks.push([config.file, command]);
    },
    why: async (config, command) => {
      questions.push([config.file, command]);
      return 'because\n';
    },
    status: async (config, command) => {
      looks.push([config.file, command]);
    },
    reset: async (config, command) => {
      resets.push([config.file, command]);
    },
    print: (text) => {
      printed += text;
    },
  });
}

const ksqldb = ordersTopology({semantics: 'ksqldb', ordersDeletes: 'ignore'});

describe('runCli', () => {
  test('asks where a record comes from, as text or as JSON', async () => {
    await run('why', 'orders_enriched', '{"id":7}', '--config', file);
    await run('why', 'orders_enriched', 'o1', '--url', 'http://a:1', '--format', 'json');

    expect(questions).toEqual([
      [file, {topic: 'orders_enriched', key: '{"id":7}', url: undefined, format: 'text'}],
      [undefined, {topic: 'orders_enriched', key: 'o1', url: 'http://a:1', format: 'json'}],
    ]);
    expect(printed).toBe('because\nbecause\n');
  });

  test('starts the service with the configuration that --config names', async () => {
    await run('start', '--config', file);

    expect(started).toMatchObject([{file, semantics: 'ksqldb'}]);
    expect(printed).toBe('');
  });

  test.each([
    ['--config with a space', () => ['--config', file]],
    ['--config with an equals sign', () => [`--config=${file}`]],
  ])('starts the service also without a command: %s', async (_name, args) => {
    await run(...args());

    expect(started).toMatchObject([{file}]);
  });

  test.each([
    ['cdc', ['cdc']],
    ['sinks,cdc', ['cdc', 'sinks']],
    ['streams, sinks', ['streams', 'sinks']],
  ])('starts the parts that --roles %s names', async (text, expected) => {
    await run('start', '--config', file, '--roles', text);

    expect(roles).toEqual(expected);
  });

  test('starts all parts without --roles', async () => {
    await run('start', '--config', file);

    expect(roles).toBeUndefined();
  });

  test.each(['', 'sink', 'cdc,', 'cdc;sinks'])('refuses --roles %s', async (text) => {
    await expect(run('start', '--config', file, '--roles', text)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('expected some of cdc,streams,sinks'),
    });
    expect(started).toEqual([]);
  });

  test('hands the signal to the service, and ends when it does', async () => {
    const stop = new AbortController();
    let ended = false;
    const running = runCli(['start', '--config', file], stop.signal, new Secrets(), {
      start: async (_config, signal) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        ended = true;
      },
    });

    stop.abort();
    await running;

    expect(ended).toBe(true);
  });

  test('fails as the service does', async () => {
    const failure = new Error('broken');
    const running = runCli(['start', '--config', file], never, new Secrets(), {
      start: () => Promise.reject(failure),
    });

    await expect(running).rejects.toBe(failure);
  });

  test('shows how the service does', async () => {
    await run('status', '--config', file);
    await run('status', '--once', '--format', 'json', '--url', 'http://a:1', '--config', file);

    expect(looks).toEqual([
      [file, {url: undefined, once: false, format: 'text'}],
      [file, {url: 'http://a:1', once: true, format: 'json'}],
    ]);
  });

  test('shows what a reset would do, and does it only when it is told to', async () => {
    await run('reset', '--config', file);
    await run('reset', '--config', file, '--outputs', '--sources', 'a', 'b', '--execute');

    expect(resets).toEqual([
      [file, {execute: false, outputs: false, sources: []}],
      [file, {execute: true, outputs: true, sources: ['a', 'b']}],
    ]);
  });

  test('hands what `check` was called with on', async () => {
    await run('check', '--config', file);
    await run('check', '--sink', 'local', '--config', file);
    await run('check', '--sink', '--config', file, '--format', 'json');

    expect(checks).toEqual([
      [file, {sink: undefined, format: 'text'}],
      [file, {sink: 'local', format: 'text'}],
      [file, {sink: true, format: 'json'}],
    ]);
  });

  test('shows examples of `check`', async () => {
    await run('check', '--help');

    expect(printed).toContain('millrace check --sink snow');
    expect(checks).toEqual([]);
  });

  test('hands what `snapshot` was called with on, and prints what it answers', async () => {
    await run('snapshot', 'a.b', 'c\\.d.*', '--config', file, '--where', 'id > 5');
    await run('snapshot', '--source', 'camel', '--action', 'stop', '--config', file);

    expect(snapshots).toEqual([
      [file, {tables: ['a.b', 'c\\.d.*'], source: undefined, where: 'id > 5', action: 'execute'}],
      [file, {tables: [], source: 'camel', where: undefined, action: 'stop'}],
    ]);
    expect(printed).toBe('told\ntold\n');
  });

  test('fails with the mistakes in the configuration, and starts nothing', async () => {
    writeFileSync(file, 'semantics: sql\nnum.partitions: 0\n');

    await expect(run('--config', file)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: [
        `${file}:1:12: semantics: expected one of \`cdc\`, \`ksqldb\``,
        `${file}:2:17: num.partitions: expected an integer from 1 to 1024`,
      ].join('\n'),
    });
    expect(started).toEqual([]);
  });

  test.each([
    [[], () => ksqldb.describe()],
    [['--format', 'text'], () => ksqldb.describe()],
    [['--format=mermaid'], () => ksqldb.toMermaid()],
    [['--format', 'json'], () => JSON.stringify(ksqldb, undefined, 2)],
  ])('prints the topology of the configured semantics: %j', async (args, text) => {
    await run('topology', '--config', file, ...args);

    expect(printed).toBe(`${text().trimEnd()}\n`);
    expect(started).toEqual([]);
  });

  test('prints nodes and sub-topologies as JSON', async () => {
    await run('topology', '--config', file, '--format', 'json');

    const {subTopologies, stores} = JSON.parse(printed) as {
      subTopologies: {id: number; nodes: Record<string, unknown>[]; stores: string[]}[];
      stores: {name: string}[];
    };
    expect(subTopologies.map(({id}) => id)).toEqual(ksqldb.subTopologies.map(({id}) => id));
    expect(subTopologies.flatMap(({nodes}) => nodes)).toHaveLength(ksqldb.nodes.length);
    expect(subTopologies[0]?.nodes[0]).toEqual({
      name: 'source-1',
      kind: 'source',
      parents: [],
      topic: 'postgres.customers.customers',
    });
    expect(stores.map(({name}) => name)).toContain('customers_enriched');
  });

  test.each([
    [['tpology'], "unknown command 'tpology'; did you mean topology?"],
    [['run'], "unknown command 'run'; see `millrace --help`"],
    [['--confg', 'x'], "unknown option '--confg'; did you mean --config?"],
    [['start', '--verbose'], "unknown option '--verbose'; see `millrace --help`"],
    [['-x'], "unknown option '-x'; see `millrace --help`"],
    [
      ['start', 'now'],
      "too many arguments for 'start'. Expected 0 arguments but got 1; see `millrace --help`",
    ],
    [['--config'], "option '--config <file>' argument missing; see `millrace --help`"],
    [
      ['topology', '--format', 'dot'],
      "option '--format <format>' argument 'dot' is invalid. Allowed choices are text, mermaid, json; see `millrace --help`",
    ],
  ])('refuses %j in one line', async (args, message) => {
    await expect(run(...args)).rejects.toMatchObject({
      name: 'FatalError',
      code: 'CONFIG_INVALID',
      message,
    });
    expect(printed).toBe('');
    expect(started).toEqual([]);
  });

  test.each([['--help'], ['-h'], ['help']])('explains itself for %s', async (arg) => {
    await run(arg);

    expect(printed).toMatch(/^Usage: millrace /);
    expect(printed).toMatch(/^ {2}start .*run the service/m);
    expect(printed).toMatch(/^ {2}topology .*print the topology/m);
    expect(started).toEqual([]);
  });

  test('explains the options of a command', async () => {
    await run('topology', '--help');

    expect(printed).toContain('--config <file>');
    expect(printed).toContain('choices: "text", "mermaid", "json"');
  });

  test('prints its version', async () => {
    await run('--version');

    expect(printed).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
