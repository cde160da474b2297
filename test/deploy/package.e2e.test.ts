import {execFile, spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {promisify} from 'node:util';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {duckdbRows} from '../support/duckdb-rows.ts';
import {serverPort} from '../support/server-port.ts';
import {until} from '../support/until.ts';
import {copyFiles, gitFiles} from './build-context.ts';
import {machineEnvironment} from './machine-environment.ts';

const run = promisify(execFile);

/** What a download may take. */
const LARGEST_PACKAGE = 750_000;

/** Of `npm pack --json`. */
interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly {readonly path: string}[];
}

let directory: string;
let packed: Packed;
let child: ChildProcess | undefined;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-package-'));
  const checkout = join(directory, 'checkout');
  copyFiles(gitFiles(), checkout);
  symlinkSync(resolve('node_modules'), join(checkout, 'node_modules'));
  const {stdout} = await run('npm', ['pack', '--silent', '--json', '--pack-destination', '..'], {
    cwd: checkout,
    env: machineEnvironment(),
  });
  [packed] = JSON.parse(stdout) as [Packed];
}, 600_000);

afterAll(() => {
  // The whole group, as it was started: npx, its shell and the service.
  if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null)
    process.kill(-child.pid, 'SIGKILL');
  rmSync(directory, {recursive: true, force: true});
}, 600_000);

describe('the package', () => {
  test('has the service, the page and the documentation, and is small', () => {
    const unexpected = packed.files
      .map(({path}) => path)
      .filter(
        (path) =>
          !/^(dist\/[\w-]+\.js|dist\/page\/[\w.-]+|docs\/[\w-]+\.md|docs\/millrace\.schema\.json)$/.test(
            path,
          ),
      );

    expect(unexpected.toSorted()).toEqual(['LICENSE', 'README.md', 'package.json']);
    expect(packed.files).toContainEqual(expect.objectContaining({path: 'dist/main.js'}));
    expect(packed.files).toContainEqual(expect.objectContaining({path: 'dist/page/index.html'}));
    expect(packed.files.filter(({path}) => path.endsWith('.map'))).toEqual([]);
    expect(packed.size).toBeLessThan(LARGEST_PACKAGE);
  });

  test('runs the demo in an empty folder, also where install scripts are not allowed', async () => {
    const folder = join(directory, 'empty');
    mkdirSync(folder);
    await run(
      'npm',
      ['install', '--ignore-scripts', '--prefer-offline', join('..', packed.filename)],
      {cwd: folder, env: machineEnvironment()},
    );
    const port = await serverPort();
    const service = spawn('npx', ['millrace', 'start'], {
      cwd: folder,
      env: {...machineEnvironment(), MILLRACE_HTTP_LISTEN: `127.0.0.1:${port}`},
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, as a terminal gives it: Ctrl-C is for all that is in it.
      detached: true,
    });
    child = service;
    let output = '';
    for (const stream of [service.stdout, service.stderr])
      stream.on('data', (text) => (output += String(text)));
    await until('the first rows are shown', () => {
      if (service.exitCode !== null) throw new Error(output);
      return output.includes('order_id ');
    });
    const page = await fetch(`http://127.0.0.1:${port}/`);
    expect(await page.text()).toContain('<script');
    expect((await fetch(`http://127.0.0.1:${port}/main.js`)).status).toBe(200);

    // npx goes at once, by the signal; the output ends with the service.
    const closed = once(service, 'close');
    process.kill(-(service.pid ?? NaN), 'SIGINT');
    await closed;
    expect(output.trimEnd().split('\n').at(-1)).toMatch(/^Ctrl-C stops/);

    expect(readdirSync(folder).toSorted()).toEqual([
      'data',
      'node_modules',
      'package-lock.json',
      'package.json',
    ]);
    // What Postgres leaves behind while it runs.
    expect(existsSync(join(folder, 'data', 'postgres', 'data', 'postmaster.pid'))).toBe(false);
    const [row] = await duckdbRows(
      join(folder, 'data', 'warehouse.duckdb'),
      'SELECT count(*)::int AS orders FROM orders_enriched',
    );
    expect(row?.['orders']).toBeGreaterThan(0);
  });
});
