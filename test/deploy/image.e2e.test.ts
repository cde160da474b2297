import {execFile, execFileSync, spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {afterAll, beforeAll, describe, expect, inject, test} from 'vitest';
import {parse, stringify} from 'yaml';
import {duckdbRows} from '../support/duckdb-rows.ts';
import {serverPort} from '../support/server-port.ts';
import {queryPostgres} from '../support/postgres.ts';
import {until} from '../support/until.ts';
import {contextFiles, copyFiles, gitFiles} from './build-context.ts';
import {buildImage, imageHas, onThisMachine} from './built-image.ts';
import type {BuiltImage} from './built-image.ts';

/** What `docker stop` gives a container by default. */
const GRACE_MS = 10_000;

const databases = {
  customers: `image_customers_${process.pid}`,
  products: `image_products_${process.pid}`,
};

let directory: string;
let image: BuiltImage;
let port: number;
let child: ChildProcess | undefined;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-image-'));
  // The container's user has to pass through.
  chmodSync(directory, 0o755);
  const context = join(directory, 'context');
  copyFiles(contextFiles(gitFiles()), context);
  image = await buildImage(readFileSync('Dockerfile', 'utf8'), {context, directory});
  port = await serverPort();
}, 600_000);

afterAll(async () => {
  if (child?.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
  for (const [name, database] of Object.entries(databases)) {
    const drop = `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '${database}'`;
    await queryPostgres(inject('postgresPort'), drop, databases[name as keyof typeof databases]);
  }
  rmSync(directory, {recursive: true, force: true});
}, 600_000);

/** The image's user, where we may become another one. */
function user(): {readonly uid?: number; readonly gid?: number} {
  const [uid, gid] = image.user.split(':').map(Number);
  return process.getuid?.() === 0 ? {uid: uid ?? NaN, gid: gid ?? NaN} : {};
}

/** As `docker run` starts a command: nothing but the image's variables and those of `-e`. */
function container(): {cwd: string; env: Record<string, string>; uid?: number; gid?: number} {
  const environment = Object.entries({
    ...image.environment,
    MILLRACE_HTTP_LISTEN: `0.0.0.0:${port}`,
  }).map(([name, value]) => [name, onThisMachine(image, value)]);
  return {
    cwd: onThisMachine(image, image.workingDirectory),
    env: {
      PATH: process.env['PATH'] ?? '',
      ...(Object.fromEntries(environment) as Record<string, string>),
    },
    ...user(),
  };
}

/** Of the health check: 0 is healthy. */
async function health(): Promise<number> {
  const [program = '', ...args] = image.healthCheck;
  try {
    await promisify(execFile)(program, args, container());
    return 0;
  } catch (error) {
    return (error as {code: number}).code;
  }
}

/** Compose's configuration, with the log in the service and the databases on the test's server. */
function configuration(): string {
  const all = parse(readFileSync('deploy/compose/millrace.yaml', 'utf8')) as {
    sources: Record<keyof typeof databases, Record<string, unknown>>;
    sinks: Record<string, {database: string}>;
  } & Record<string, unknown>;
  delete all['kafka'];
  delete all['schema.registry'];
  delete all['num.partitions'];
  for (const [name, database] of Object.entries(databases))
    Object.assign(all.sources[name as keyof typeof databases], {
      'database.hostname': '127.0.0.1',
      'database.port': inject('postgresPort'),
      'database.dbname': database,
      'database.password': 'unused',
      'slot.name': database,
    });
  for (const sink of Object.values(all.sinks)) sink.database = onThisMachine(image, sink.database);
  return stringify(all);
}

describe("the Dockerfile's image", () => {
  test('has the service and what it runs with, and nothing that built it', () => {
    const {dependencies, devDependencies} = JSON.parse(
      readFileSync('package.json', 'utf8'),
    ) as Record<'dependencies' | 'devDependencies', Record<string, string>>;
    const has = (name: string): boolean => imageHas(image, `/app/node_modules/${name}`);

    expect(Object.keys(dependencies).filter((name) => !has(name))).toEqual([]);
    // ajv and @types/node are packages of other packages as well.
    expect(
      Object.keys(devDependencies)
        .filter((name) => has(name))
        .toSorted(),
    ).toEqual(['@types/node', 'ajv']);
    expect(imageHas(image, '/app/dist/page/index.html')).toBe(true);
    expect(imageHas(image, '/app/src')).toBe(false);
  });

  test('belongs to another user than the one it runs as, but for the volume', () => {
    expect(image.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    const [uid = ''] = image.user.split(':');
    const found = execFileSync('find', [image.root, '-uid', uid], {encoding: 'utf8'}).trim();

    // Only root can give files to others.
    expect(found).toBe(process.getuid?.() === 0 ? join(image.root, 'data') : found);
  });

  test('is healthy once it runs, brings the rows of both databases together, and stops on SIGTERM', async () => {
    for (const [name, database] of Object.entries(databases)) {
      await queryPostgres(inject('postgresPort'), `CREATE DATABASE ${database}`, 'postgres');
      const tables = readFileSync(`deploy/compose/${name}.sql`, 'utf8');
      await queryPostgres(inject('postgresPort'), `${tables}; SELECT`, database);
    }
    const file = onThisMachine(image, '/etc/millrace/millrace.yaml');
    mkdirSync(onThisMachine(image, '/etc/millrace'), {recursive: true});
    writeFileSync(file, configuration());
    expect(await health()).toBe(1);

    const [program = '', ...args] = [...image.entrypoint, ...image.command];
    const service = spawn(
      program,
      args.map((word) => onThisMachine(image, word)),
      {
        ...container(),
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    child = service;
    let output = '';
    for (const stream of [service.stdout, service.stderr])
      stream.on('data', (text) => (output += String(text)));
    const get = async (path: string): Promise<Response | undefined> => {
      if (service.exitCode !== null) throw new Error(output);
      return fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
    };
    await until('it is ready', async () => (await get('/readyz'))?.status === 200);
    expect(await health()).toBe(0);
    expect(await (await get('/healthz'))?.json()).toEqual({alive: true});
    expect(await (await get('/'))?.text()).toContain('<title>');
    const written = async (): Promise<number> => {
      const status = (await (await get('/api/status'))?.json()) as {
        components: Record<string, {rowsWritten?: number}>;
      };
      return status.components['sink local']?.rowsWritten ?? 0;
    };
    await until('the orders are in the warehouse', async () => (await written()) >= 1000);

    const exited = once(service, 'exit');
    const before = performance.now();
    service.kill('SIGTERM');
    expect(await exited, output).toEqual([0, null]);
    expect(performance.now() - before).toBeLessThan(GRACE_MS);
    const [row] = await duckdbRows(
      onThisMachine(image, '/data/warehouse.duckdb'),
      'SELECT count(*)::int AS orders, count(product)::int AS products, count(email)::int AS customers FROM orders_enriched',
    );
    expect(row).toEqual({orders: 1000, products: 1000, customers: 1000});
  });
});
