import {execFile, spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {promisify} from 'node:util';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {serverPort} from '../support/server-port.ts';
import {loadedPackages, recordPackages} from '../support/loaded-packages.ts';
import {until} from '../support/until.ts';

let directory: string;
let child: ChildProcess;
let output = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-demo-'));
});
afterEach(() => {
  child.kill('SIGKILL');
  rmSync(directory, {recursive: true, force: true});
});

/** `npm start -- --demo-warehouse <warehouse>`, without the build. */
async function start(warehouse: string, nodeFlags: readonly string[]): Promise<void> {
  const port = await serverPort();
  output = '';
  child = spawn(
    process.execPath,
    [...nodeFlags, resolve('scripts/start.mjs'), '--demo-warehouse', warehouse],
    {
      cwd: directory,
      env: {...process.env, MILLRACE_HTTP_LISTEN: `127.0.0.1:${port}`},
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  child.stdout?.on('data', (text) => (output += String(text)));
  child.stderr?.on('data', (text) => (output += String(text)));
}

/** What `npm run demo:query` prints; undefined where it fails. */
async function query(sql: string): Promise<string | undefined> {
  try {
    const tsx = import.meta.resolve('tsx');
    const args = ['--import', tsx, resolve('scripts/demo-query.ts'), sql];
    return (await promisify(execFile)(process.execPath, args, {cwd: directory})).stdout;
  } catch {
    return undefined;
  }
}

async function isReachable(address: string): Promise<boolean> {
  try {
    await fetch(address);
    return true;
  } catch (error) {
    return String((error as Error).cause).includes('certificate');
  }
}

describe('npm start -- --demo-warehouse', () => {
  test.each([
    ['snowflake', 'snowflake-sdk'],
    ['databricks', '@databricks/sql'],
  ])(
    'ends in a stand-in of %s, whose rows a query shows; Ctrl-C ends both',
    async (warehouse, driver) => {
      const packages = join(directory, 'packages');
      await start(warehouse, recordPackages(packages));
      let rows: string | undefined;
      await until(
        'orders are in the warehouse',
        async () => {
          rows = await query(
            'SELECT order_id, product, email FROM orders_enriched WHERE email IS NOT NULL',
          );
          return /@example\./.test(rows ?? '');
        },
        120_000,
        () => `${output}\n${rows}`,
      );
      const config = readFileSync(join(directory, 'data', `demo-${warehouse}`, 'millrace.yaml'));
      const [, address = ''] = /(https?:\/\/127\.0\.0\.1:\d+)/.exec(output) ?? [];

      expect(rows).toMatch(/^ {2}ORDER_ID +PRODUCT +EMAIL\n {2}\S+ .*@example\.\w+\n/i);
      expect(String(config)).toContain(`connector: "${warehouse}"`);
      expect(await isReachable(address)).toBe(true);
      child.kill('SIGINT');
      expect((await once(child, 'exit'))[0], output).toBe(0);
      await until('the stand-in is gone', async () => !(await isReachable(address)));
      expect(loadedPackages(packages)).toContain(driver);
    },
  );

  test('knows no other warehouse', async () => {
    await start('bigquery', []);

    expect((await once(child, 'exit'))[0]).toBe(1);
    expect(output).toContain('expected snowflake or databricks');
  });
});
