import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Client} from 'pg';
import {serverPort} from './server-port.ts';
import {ServiceProcess} from './service-process.ts';
import type {Status} from './service-process.ts';
import {until} from './until.ts';

export interface PipelineOptions {
  /** Port of a Postgres on 127.0.0.1. */
  readonly postgresPort: number;
  /** Names of two databases on it, made for this run. */
  readonly customersDatabase: string;
  readonly productsDatabase: string;
  /** Brokers of a real Kafka; the embedded log without. */
  readonly kafka?: readonly string[];
  /** Further lines of its `kafka` section. */
  readonly kafkaSettings?: Readonly<Record<string, string>>;
  /** Of the process, as `--roles` takes them. Default: all. */
  readonly roles?: string;
  /** Further top-level lines of `millrace.yaml`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** `insert.mode` of each DuckDB sink, by the sink's name. Default: one upsert sink, `local`. */
  readonly sinks?: Readonly<Record<string, 'append' | 'upsert'>>;
}

type Tasks = Readonly<
  Record<string, {readonly offsets?: Readonly<Record<string, {readonly offset: number}>>}>
>;
type Partitions = Readonly<Record<string, {readonly nextOffset?: number}>> | undefined;

/** The seed's pipeline between two databases and DuckDB, run by the service as its own process. */
export class Pipeline {
  readonly directory: string;
  readonly service: ServiceProcess;
  readonly customersDb: Client;
  readonly productsDb: Client;
  readonly sinks: readonly string[];

  private constructor(
    directory: string,
    service: ServiceProcess,
    clients: readonly [Client, Client],
    sinks: readonly string[],
  ) {
    this.directory = directory;
    this.service = service;
    [this.customersDb, this.productsDb] = clients;
    this.sinks = sinks;
  }

  static async create(options: PipelineOptions): Promise<Pipeline> {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-pipeline-'));
    const port = await serverPort();
    const sinks = options.sinks ?? {local: 'upsert'};
    mkdirSync(join(directory, 'data'));
    writeFileSync(join(directory, 'millrace.yaml'), yaml(options, directory, port, sinks));
    const clients = await Promise.all(
      [options.customersDatabase, options.productsDatabase].map(async (database) => {
        const client = new Client({
          host: '127.0.0.1',
          port: options.postgresPort,
          user: 'postgres',
          database,
        });
        await client.connect();
        return client;
      }),
    );
    return new Pipeline(
      directory,
      new ServiceProcess(directory, port, options.roles),
      clients as [Client, Client],
      Object.keys(sinks),
    );
  }

  warehouse(sink: string): string {
    return join(this.directory, `${sink}.duckdb`);
  }

  /**
   * Everything committed in both databases so far has reached every warehouse: step by step, since each step's end is
   * known only once the one before has come to it.
   */
  async caughtUp(timeoutMs = 120_000): Promise<void> {
    const targets = await Promise.all(
      [this.customersDb, this.productsDb].map(async (client) => {
        const {rows} = await client.query<{lsn: string}>('SELECT pg_current_wal_lsn() AS lsn');
        return parseLsn(rows[0]?.lsn);
      }),
    );
    await this.#statusWhere('the sources have published', timeoutMs, (status) =>
      ['customers', 'products'].every(
        (name, at) =>
          parseLsn(status.components[`source ${name}`]?.['confirmedLsn']) >=
          (targets[at] as bigint),
      ),
    );
    const atTasks = await this.#statusWhere('the tasks have processed', timeoutMs, (status) => {
      // Tasks write what others read: all of them stand at the ends at once when nothing is under way any more.
      const tasks = Object.values((status.components['streams']?.['tasks'] ?? {}) as Tasks);
      const {logEnds} = status;
      return (
        logEnds !== null &&
        tasks.length > 0 &&
        tasks.every(
          ({offsets}) =>
            offsets !== undefined &&
            Object.entries(offsets).every(([key, {offset}]) => offset >= (logEnds[key] ?? 0)),
        )
      );
    });
    await this.#statusWhere('the sinks have written', timeoutMs, (status) =>
      this.sinks.every((sink) => {
        const partitions = status.components[`sink ${sink}`]?.['partitions'] as Partitions;
        const all = Object.entries(partitions ?? {});
        return (
          all.length > 0 &&
          all.every(([key, {nextOffset}]) => (nextOffset ?? -1) >= (atTasks.logEnds?.[key] ?? 0))
        );
      }),
    );
  }

  async #statusWhere(
    what: string,
    timeoutMs: number,
    holds: (status: Status) => boolean,
  ): Promise<Status> {
    let status = await this.service.status();
    await until(
      what,
      async () => {
        status = await this.service.status();
        return holds(status);
      },
      timeoutMs,
      () => JSON.stringify(status, undefined, 1),
    );
    return status;
  }

  async close(): Promise<void> {
    await this.service.kill();
    for (const client of [this.customersDb, this.productsDb]) {
      await dropSlots(client);
      await client.end();
    }
    rmSync(this.directory, {recursive: true, force: true});
  }
}

/** The server has a few dozen slots for all tests. It notices late that the service is gone. */
async function dropSlots(client: Client): Promise<void> {
  await until('its slots are gone', async () => {
    const {rows} = await client.query<{pid: number | null}>(
      `SELECT active_pid AS pid, CASE WHEN active THEN pg_terminate_backend(active_pid)::text ELSE pg_drop_replication_slot(slot_name)::text END
       FROM pg_replication_slots WHERE database = current_database()`,
    );
    return rows.every(({pid}) => pid === null);
  });
}

function parseLsn(text: unknown): bigint {
  if (typeof text !== 'string') return 0n;
  const [high = '0', low = '0'] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

function yaml(
  options: PipelineOptions,
  directory: string,
  port: number,
  sinks: Readonly<Record<string, string>>,
): string {
  const source = (name: string, database: string, lines: readonly string[]): string[] => [
    `  ${name}:`,
    ...[
      'database.hostname: 127.0.0.1',
      `database.port: ${options.postgresPort}`,
      `database.dbname: ${database}`,
      'database.user: postgres',
      'database.password: unused',
      'database.sslmode: disable',
      'topic.prefix: postgres',
      // Slot names are server-wide, and each run has its own databases.
      `slot.name: ${database}`,
      ...lines,
    ].map((line) => `    ${line}`),
  ];
  return [
    `data.dir: ${join(directory, 'data')}`,
    ...Object.entries(options.settings ?? {}).map(([key, value]) => `${key}: ${value}`),
    `http.listen: 127.0.0.1:${port}`,
    ...(options.kafka === undefined
      ? []
      : [
          'kafka:',
          `  bootstrap.servers: ${options.kafka.join(', ')}`,
          ...Object.entries(options.kafkaSettings ?? {}).map(
            ([key, value]) => `  ${key}: ${value}`,
          ),
        ]),
    'sources:',
    ...source('customers', options.customersDatabase, [
      'table.include.list: customers.customers, customers.demographics',
      'after.state.only: false',
      'output.key.format: JSON_SR',
    ]),
    ...source('products', options.productsDatabase, [
      'table.include.list: products.products, products.orders',
      'after.state.only: true',
      'output.key.format: JSON',
    ]),
    'sinks:',
    ...Object.entries(sinks).flatMap(([name, mode]) => [
      `  ${name}:`,
      '    connector: duckdb',
      '    topics: orders_enriched',
      `    database: ${join(directory, `${name}.duckdb`)}`,
      `    insert.mode: ${mode}`,
    ]),
    '',
  ].join('\n');
}
