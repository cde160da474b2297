import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdirSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {toJsonSchema} from '../../src/serde/json-schema.ts';
import {bigint, struct} from '../../src/serde/schema.ts';
import {serverPort} from '../support/server-port.ts';
import {PostgresServer} from '../support/postgres.ts';
import {makeRunFolder} from '../support/run-folder.ts';
import {SchemaRegistryServer} from '../support/schema-registry-server.ts';

/** `millrace check` as its own process. */
async function check(
  directory: string,
  ...args: readonly string[]
): Promise<{code: number | null; stdout: string; stderr: string}> {
  const child = spawn(
    process.execPath,
    ['dist/main.js', 'check', '--config', join(directory, 'millrace.yaml'), ...args],
    {stdio: ['ignore', 'pipe', 'pipe']},
  );
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return {code: child.exitCode, stdout, stderr};
}

/** The databases of the demo's topology, and a user that may do what a source needs. */
const schema = `
  CREATE ROLE reader LOGIN REPLICATION PASSWORD 'secret';
  CREATE SCHEMA customers AUTHORIZATION reader;
  CREATE SCHEMA products;
  GRANT USAGE ON SCHEMA products TO reader;
  SET ROLE reader;
  CREATE TABLE customers.customers (id text PRIMARY KEY, first_name text, last_name text, email text, phone text);
  CREATE TABLE customers.demographics (id text PRIMARY KEY, street_address text, state text, zip_code text, country text, country_code text);
  RESET ROLE;
  CREATE TABLE products.orders (order_id text PRIMARY KEY, product_id text, customer_id text)`;

describe('millrace check', () => {
  let server: PostgresServer;
  let registry: SchemaRegistryServer;
  let root: string;
  let directory: string;
  let serial = 0;

  beforeAll(async () => {
    root = makeRunFolder('check');
    server = await PostgresServer.start({settings: {wal_level: undefined}});
    await server.query(schema);
  });
  afterAll(async () => {
    await server.stop();
    rmSync(root, {recursive: true, force: true});
  });
  beforeEach(async () => {
    registry = await SchemaRegistryServer.start();
    directory = join(root, String(++serial));
    mkdirSync(directory);
  });
  afterEach(() => registry.stop());

  function configure({tables, kafka}: {tables: string; kafka?: string}): void {
    writeFileSync(
      join(directory, 'millrace.yaml'),
      [
        'data.dir: ./data',
        ...(kafka === undefined ? [] : ['kafka:', `  bootstrap.servers: ${kafka}`]),
        'schema.registry:',
        `  url: ${registry.url}`,
        'sources:',
        '  camel:',
        '    database.hostname: 127.0.0.1',
        `    database.port: ${server.port}`,
        '    database.dbname: postgres',
        '    database.user: reader',
        '    database.password: secret',
        '    database.sslmode: disable',
        '    topic.prefix: postgres',
        '    slot.name: camel',
        `    table.include.list: ${tables}`,
        'sinks:',
        '  local:',
        '    connector: duckdb',
        '    topics: orders_enriched',
        '',
      ].join('\n'),
    );
  }

  test('names wal_level, a missing grant, an unreachable broker and an incompatible subject at once, with remedies', async () => {
    const nobody = `127.0.0.1:${await serverPort()}`;
    configure({tables: 'customers.customers, products.orders', kafka: nobody});
    const subject = 'orders_enriched-value';
    registry.schemas.register(subject, toJsonSchema(struct({order_id: bigint()})));

    const {code, stdout, stderr} = await check(directory);

    expect(stdout).toMatch(
      /^failed +source camel +wal_level +replica in place of logical\n +-> .*restart Postgres:\n +ALTER SYSTEM SET wal_level = logical;$/m,
    );
    expect(stdout).toMatch(
      /^failed +source camel +table products\.orders +user reader may not read products\.orders\n +-> .*:\n +GRANT SELECT ON "products"\."orders" TO "reader";$/m,
    );
    expect(stdout).toMatch(
      new RegExp(
        `^failed +kafka +broker ${nobody} +connect ECONNREFUSED ${nobody}\n +-> check bootstrap\\.servers`,
        'm',
      ),
    );
    expect(stdout).toMatch(
      /^failed +schema registry +subject orders_enriched-value +the schema is incompatible .*: the new schema cannot read the old one's values: .*order_id.*\n +-> undo .*:\n +curl -X PUT http:.*\/config\/orders_enriched-value /m,
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: \d+ checks have failed; .* \(CHECK_FAILED\)\n$/);
    expect(`${stdout}${stderr}`).not.toContain('secret');
  });

  test('prints SQL that makes the source ready, and then finds nothing wrong and leaves nothing behind', async () => {
    configure({tables: 'customers.customers, products.orders'});
    const broken = await check(directory, '--format', 'json');
    const {results} = JSON.parse(broken.stdout) as {
      results: {component: string; outcome: string; commands?: string[]}[];
    };

    for (const {component, outcome, commands = []} of results)
      if (component === 'source camel' && outcome === 'failed')
        for (const statement of commands) await server.query(statement);
    await server.restart();
    const traces = `SELECT (SELECT count(*)::int FROM pg_replication_slots) AS slots,
      (SELECT string_agg(pubname, ',') FROM pg_publication) AS publications`;
    const before = await server.query(traces);
    const mended = await check(directory);

    expect(broken.code).toBe(1);
    expect(mended.stdout).not.toMatch(/^failed/m);
    expect(mended.stdout).toMatch(/^ok +source camel +publication millrace_camel/m);
    expect(mended.stdout).toMatch(/\n0 failed, 1 warning, \d+ ok\n$/);
    expect(mended.stderr).toBe('');
    expect(mended.code).toBe(0);
    expect(before).toEqual([{slots: 0, publications: 'millrace_camel'}]);
    expect(await server.query(traces)).toEqual(before);
    expect(readdirSync(directory)).toEqual(['millrace.yaml']);
    expect(existsSync(join(directory, 'data'))).toBe(false);
    expect(registry.seen().filter((request) => !request.startsWith('GET'))).toEqual(
      registry
        .seen()
        .filter((request) => /^POST \/(subjects\/[^/]+|compatibility\/.*)$/.test(request)),
    );
  });
});
