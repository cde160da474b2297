import {execFileSync, spawn} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {once} from 'node:events';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {Client} from 'pg';
import {systemClock} from '../../src/common/clock.ts';
import {silentLogger} from '../../src/common/logger.ts';
import {startDemo} from '../../src/demo/demo.ts';
import type {Demo} from '../../src/demo/demo.ts';
import {until} from '../support/until.ts';

const deps = {clock: systemClock, logger: silentLogger};
/** As the first start leaves it; each test works on a copy, which takes a tenth of the time. */
let template: string;
let directory: string;
let demo: Demo | undefined;

beforeAll(async () => {
  template = mkdtempSync(join(tmpdir(), 'millrace-demo-'));
  const first = await startDemo(template, deps);
  await first.stop();
});
afterAll(() => rmSync(template, {recursive: true, force: true}));

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-demo-'));
  execFileSync('cp', ['-a', `${template}/.`, directory]);
});
afterEach(async () => {
  await demo?.stop();
  demo = undefined;
  rmSync(directory, {recursive: true, force: true});
});

async function start(): Promise<Demo> {
  demo = await startDemo(directory, deps);
  return demo;
}

async function stop(): Promise<void> {
  await demo?.stop();
  demo = undefined;
}

async function rows(database: string, sql: string): Promise<unknown[]> {
  const {port, user, password} = (demo as Demo).server;
  const client = new Client({host: '127.0.0.1', port, user, password, database});
  await client.connect();
  const result = await client.query<unknown[]>({text: sql, rowMode: 'array'});
  await client.end();
  return result.rows;
}

const COUNTS =
  'SELECT (SELECT count(*)::int FROM customers.customers), (SELECT count(*)::int FROM customers.customers JOIN customers.demographics USING (id))';

describe('startDemo', () => {
  test('makes the databases with their rows once, and finds them again on the same port', async () => {
    const {port} = (await start()).server;
    expect(await rows('customers', COUNTS)).toEqual([[1000, 1000]]);
    expect(await rows('products', 'SELECT count(*)::int FROM products.products')).toEqual([[1000]]);
    await rows('customers', "UPDATE customers.customers SET phone = 'mine'");
    await stop();

    const again = await start();

    expect(again.server.port).toBe(port);
    expect(await rows('customers', 'SELECT DISTINCT phone FROM customers.customers')).toEqual([
      ['mine'],
    ]);
  });

  test('begins anew with what a crash left half made', async () => {
    await start();
    await rows('postgres', 'DROP DATABASE products');
    await rows('postgres', 'CREATE DATABASE products_unfinished');
    await stop();

    await start();

    expect(await rows('products', 'SELECT count(*)::int FROM products.products')).toEqual([[1000]]);
    expect(
      await rows('postgres', "SELECT FROM pg_database WHERE datname LIKE '%unfinished'"),
    ).toEqual([]);
  });

  test('keeps the password to its owner and lets nobody in without it', async () => {
    const {server} = await start();

    const file = join(directory, 'postgres', 'password');
    expect(readFileSync(file, 'utf8')).toBe(server.password);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const stranger = new Client({
      ...server,
      host: '127.0.0.1',
      password: 'guess',
      database: 'customers',
    });
    await expect(stranger.connect()).rejects.toThrow('password authentication failed');
  });

  test('takes over from a process that was killed', async () => {
    const script = `
      import {systemClock} from ${JSON.stringify(join(process.cwd(), 'src/common/clock.ts'))};
      import {silentLogger} from ${JSON.stringify(join(process.cwd(), 'src/common/logger.ts'))};
      import {startDemo} from ${JSON.stringify(join(process.cwd(), 'src/demo/demo.ts'))};
      await startDemo(${JSON.stringify(directory)}, {clock: systemClock, logger: silentLogger});
      console.log('started');
      setInterval(() => undefined, 1000);`;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');

    await start();

    expect(await rows('customers', COUNTS)).toEqual([[1000, 1000]]);
  });

  test('takes another port when somebody listens on its own', async () => {
    const {port} = (await start()).server;
    await stop();
    const other = createServer();
    other.listen(port, '127.0.0.1');
    await once(other, 'listening');

    const {server} = await start();

    expect(server.port).not.toBe(port);
    expect(await rows('customers', COUNTS)).toEqual([[1000, 1000]]);
    other.close();
  });

  test('leaves a process alone that has the number of an earlier server', async () => {
    await start();
    await stop();
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    writeFileSync(join(directory, 'postgres', 'data', 'postmaster.pid'), `${child.pid}\n`);

    await start();

    expect(child.exitCode).toBeNull();
    child.kill();
  });

  test('says what its server says when it does not start', async () => {
    await start();
    await stop();
    writeFileSync(join(directory, 'postgres', 'data', 'postgresql.conf'), 'no_such_setting = 1\n');

    await expect(start()).rejects.toMatchObject({
      code: 'POSTGRES_START_FAILED',
      message: expect.stringMatching(/does not start: FATAL: .*; check the folder/) as string,
    });
  });

  test('says when the password file is gone', async () => {
    await start();
    await stop();
    rmSync(join(directory, 'postgres', 'password'));

    await expect(start()).rejects.toMatchObject({
      code: 'POSTGRES_START_FAILED',
      message: expect.stringContaining('password file') as string,
    });
  });

  test('runs a shop that sells', async () => {
    const {components} = await start();
    const end = new AbortController();
    const running = Promise.all(components.map((component) => component.run(end.signal)));

    await until('an order is there', async () => {
      const [[orders]] = (await rows('products', 'SELECT count(*)::int FROM products.orders')) as [
        [number],
      ];
      return orders >= 2;
    });
    end.abort();
    await running;

    expect(components.map((component) => component.status()['orders'])).toContain(2);
  });

  test('ends with an error when its server does', async () => {
    const {components} = await start();
    const [server] = components;
    const running = (server as (typeof components)[0])?.run(new AbortController().signal);

    const pid = readFileSync(join(directory, 'postgres', 'data', 'postmaster.pid'), 'utf8');
    process.kill(Number(pid.split('\n')[0]), 'SIGQUIT');

    await expect(running).rejects.toMatchObject({code: 'POSTGRES_START_FAILED'});
  });
});
