import {execFile, spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {chmodSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, rmSync} from 'node:fs';
import {symlinkSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {promisify} from 'node:util';
import {serverPort} from '../server-port.ts';
import {PostgresServer} from '../postgres.ts';
import {makeRunFolder} from '../run-folder.ts';
import {until} from '../until.ts';

const linked = ['node_modules', 'package-lock.json', 'package.json', 'page', 'scripts', 'src'];

const tables = `
  CREATE SCHEMA customers;
  CREATE SCHEMA products;
  CREATE TABLE customers.customers (id varchar(255) PRIMARY KEY, first_name varchar(255), last_name varchar(255), email varchar(255), phone varchar(255));
  CREATE TABLE customers.demographics (id varchar(255) PRIMARY KEY, street_address varchar(255), state varchar(255), zip_code varchar(255), country varchar(255), country_code varchar(255));
  CREATE TABLE products.products (product_id varchar(255) PRIMARY KEY, size varchar(255), product varchar(255), department varchar(255), price varchar(255));
  CREATE TABLE products.orders (order_id varchar(255) PRIMARY KEY, product_id varchar(255), customer_id varchar(255), create_time timestamp);
  INSERT INTO customers.customers VALUES ('c1', 'Ada', 'Lovelace', 'ada@example.com', '555-0100');
  INSERT INTO customers.demographics VALUES ('c1', '1 Main St', 'CA', '94105', 'United States', 'US');
  INSERT INTO products.products VALUES ('p1', '42', 'Shoe', 'Sports', '9.99'), ('p2', 'L', 'Hat', 'Sports', '5.00');
  INSERT INTO products.orders VALUES ('4711', 'p1', 'c1', '2026-01-02')`;

/** An answer that is an error is a failure; where there is no curl, the address that stands last is fetched. */
const curl = `PATH=\${PATH#*:}
command -v curl >/dev/null && exec curl --fail --silent --show-error "$@"
for url; do :; done
exec node -e 'fetch(process.argv[1]).then(({ok}) => process.exit(ok ? 0 : 22))' "$url"`;

const begins = /^(?:[A-Z_]+=\S+ )*(?:npm start|(?:millrace|node dist\/main\.js) start)$/;

/** What `/api/lineage` answers, as far as it is read here. */
interface Enriched {
  readonly records: readonly {readonly offset?: number; readonly warehouse: readonly unknown[]}[];
}

/** A checkout of its own with a Postgres, in which a reader's commands run one after the other. */
export class DocsSandbox {
  readonly #folder = makeRunFolder('docs');
  readonly #postgres: PostgresServer;
  readonly #port: number;
  #service: ChildProcess | undefined;

  private constructor(postgres: PostgresServer, port: number) {
    this.#postgres = postgres;
    this.#port = port;
    // The demo's Postgres does not run as root.
    chmodSync(this.#folder, 0o755);
    for (const name of linked) symlinkSync(resolve(name), join(this.#folder, name));
    cpSync('dist', join(this.#folder, 'dist'), {recursive: true});
    mkdirSync(join(this.#folder, 'bin'));
    this.#program('millrace', `exec node "${this.#folder}/dist/main.js" "$@"`);
    this.#program('curl', curl);
  }

  static async open(): Promise<DocsSandbox> {
    const postgres = await PostgresServer.start();
    await postgres.query(tables);
    return new DocsSandbox(postgres, await serverPort());
  }

  /** As on the first day: no configuration, no data, nothing of ours in Postgres but the user. */
  async clear(): Promise<void> {
    await this.stop();
    for (const name of ['data', 'millrace.yaml'])
      rmSync(join(this.#folder, name), {recursive: true, force: true});
    await this.#postgres.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots'); // prettier-ignore
    for (const publication of ['millrace_camel', 'millrace_turtle'])
      await this.#postgres.query(`DROP PUBLICATION IF EXISTS ${publication}`);
  }

  /** Makes `yaml` the configuration, whose databases are those of the Postgres here; the demo's data goes. */
  async configure(yaml: string): Promise<void> {
    await this.stop();
    rmSync(join(this.#folder, 'data'), {recursive: true, force: true});
    writeFileSync(join(this.#folder, 'millrace.yaml'), yaml);
  }

  async sql(statement: string): Promise<void> {
    await this.#postgres.query(statement);
  }

  isStart(command: string): boolean {
    return begins.test(command);
  }

  /** Runs it to its end, or, where it starts the service, until the first order has come through. */
  async run(command: string): Promise<void> {
    if (this.isStart(command)) return this.#start(command);
    const here = command.replaceAll(/(?:localhost|127\.0\.0\.1):8080/g, `127.0.0.1:${this.#port}`);
    await promisify(execFile)('bash', ['-c', here], this.#surroundings());
  }

  async ensureRunning(): Promise<void> {
    if (this.#service === undefined) await this.#start('millrace start');
  }

  /** Of the newest version of the order. */
  async orderOffset(): Promise<number> {
    const order = await this.#get<Enriched>('/api/lineage/orders_enriched/4711');
    return order?.records[0]?.offset ?? -1;
  }

  /** SIGTERM to it and to what has started it; resolves when Postgres knows as well. */
  async stop(): Promise<void> {
    const service = this.#service;
    if (service?.pid === undefined) return;
    this.#service = undefined;
    const closed = service.exitCode === null ? once(service, 'close') : undefined;
    if (service.exitCode === null) process.kill(-service.pid, 'SIGTERM');
    await closed;
    await until('no slot is read', async () => {
      const rows = await this.#postgres.query('SELECT 1 FROM pg_replication_slots WHERE active');
      return rows.length === 0;
    });
  }

  async close(): Promise<void> {
    await this.stop();
    await this.#postgres.stop();
    rmSync(this.#folder, {recursive: true, force: true});
  }

  async #start(command: string): Promise<void> {
    await this.stop();
    const log = openSync(join(this.#folder, 'service.log'), 'w');
    const service = spawn('bash', ['-c', command], {
      ...this.#surroundings(),
      detached: true,
      stdio: ['ignore', log, log],
    });
    this.#service = service;
    await until(`"${command}" has brought an order through`, async () => {
      if (service.exitCode !== null) throw new Error(`${command}\n${this.#log()}`);
      return this.#isConfigured() ? this.#hasOrder() : this.#log().includes('order_id ');
    });
  }

  /** In its topic, in the warehouse and, for the customer's part, in the table that it was joined with. */
  async #hasOrder(): Promise<boolean> {
    const customer = await this.#get('/api/tables/customers_enriched/c1');
    const order = await this.#get<Enriched>('/api/lineage/orders_enriched/4711');
    return customer !== undefined && order?.records[0]?.warehouse.length === 1;
  }

  /** Undefined where there is no answer, or an error. */
  async #get<T>(path: string): Promise<T | undefined> {
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`).catch(() => undefined);
    return response?.ok === true ? ((await response.json()) as T) : undefined;
  }

  #isConfigured(): boolean {
    return existsSync(join(this.#folder, 'millrace.yaml'));
  }

  #log(): string {
    return readFileSync(join(this.#folder, 'service.log'), 'utf8');
  }

  #surroundings(): {readonly cwd: string; readonly env: NodeJS.ProcessEnv} {
    const sources = ['CUSTOMERS', 'PRODUCTS'].flatMap((name) => [
      [`MILLRACE_SOURCES_${name}_DATABASE_HOSTNAME`, '127.0.0.1'],
      [`MILLRACE_SOURCES_${name}_DATABASE_PORT`, String(this.#postgres.port)],
    ]);
    return {
      cwd: this.#folder,
      env: {
        ...process.env,
        PATH: `${join(this.#folder, 'bin')}:${process.env['PATH']}`,
        MILLRACE_HTTP_LISTEN: `127.0.0.1:${this.#port}`,
        CUSTOMERS_DB_PASSWORD: 'of-customers',
        PRODUCTS_DB_PASSWORD: 'of-products',
        // Without a file they would be sources that lack everything else.
        ...(this.#isConfigured() && Object.fromEntries(sources)),
      },
    };
  }

  #program(name: string, script: string): void {
    writeFileSync(join(this.#folder, 'bin', name), `#!/bin/sh\n${script}\n`, {mode: 0o755});
  }
}
