import {spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {once} from 'node:events';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {duckdbRows} from '../support/duckdb-rows.ts';
import {serverPort} from '../support/server-port.ts';
import {loadedPackages, recordPackages} from '../support/loaded-packages.ts';
import {until} from '../support/until.ts';

let directory: string;
let port: number;
let child: ChildProcess | undefined;
let output = '';

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-demo-'));
  port = await serverPort();
});
afterEach(async () => {
  await end('SIGKILL');
  rmSync(directory, {recursive: true, force: true});
});

/** The service without any configuration file, as a new user starts it. */
function start(nodeFlags: readonly string[] = []): void {
  output = '';
  child = spawn(process.execPath, [...nodeFlags, resolve('dist/main.js')], {
    cwd: directory,
    env: {...process.env, MILLRACE_HTTP_LISTEN: `127.0.0.1:${port}`},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout?.on('data', (text) => (output += String(text)));
  child.stderr?.on('data', (text) => (output += String(text)));
}

async function end(signal: NodeJS.Signals): Promise<unknown> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return undefined;
  const exited = once(child, 'exit');
  child.kill(signal);
  return (await exited)[0];
}

async function rowsWritten(): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/api/status`);
  const {components} = (await response.json()) as {
    components: Record<string, {rowsWritten?: number}>;
  };
  return components['sink local']?.rowsWritten ?? 0;
}

describe('the service without a configuration', () => {
  test('shows its first rows, goes on after Ctrl-C and after kill -9, and doubles nothing', async () => {
    const packages = join(directory, 'packages');
    start(recordPackages(packages));
    await until('the first rows are shown', () => output.includes('order_id '));
    expect(output).toContain(`http://127.0.0.1:${port}/api/status`);
    expect(output).toContain(join(directory, 'data', 'warehouse.duckdb'));
    expect(await end('SIGINT'), output).toBe(0);
    // What a service loads that has no sink in the cloud: nothing of their drivers.
    const loaded = loadedPackages(packages);
    expect(loaded).toContain('@duckdb/node-api');
    expect(
      loaded.filter((name) => /snowflake|databricks|thrift|aws|azure|google/.test(name)),
    ).toEqual([]);

    start();
    await until('it is ready', async () => (await fetchStatus('/readyz')) === 200);
    await until('rows were written', async () => (await rowsWritten()) > 0);
    await end('SIGKILL');

    start();
    await until('the first rows are shown', () => output.includes('order_id '));
    await until('rows were written', async () => (await rowsWritten()) > 0);
    expect(await end('SIGTERM'), output).toBe(0);
    const [row] = await duckdbRows(
      join(directory, 'data', 'warehouse.duckdb'),
      'SELECT count(*)::int AS rows, count(DISTINCT order_id)::int AS orders FROM orders_enriched',
    );
    expect(row?.['rows']).toBeGreaterThan(2);
    expect(row?.['rows']).toBe(row?.['orders']);
  });
});

async function fetchStatus(path: string): Promise<number | undefined> {
  try {
    return (await fetch(`http://127.0.0.1:${port}${path}`)).status;
  } catch {
    return undefined;
  }
}
