import type {ConnectorOptions} from '../../src/cdc/connector-options.ts';
import type {PostgresSourceOptions} from '../../src/cdc/postgres/postgres-source-options.ts';
import type {Logger} from '../../src/common/logger.ts';
import {silentLogger} from '../../src/common/logger.ts';
import {readTopic} from './change-events.ts';
import type {ChangeEventRecord} from './change-events.ts';
import {openTestLog, runConnector} from './connector-run.ts';
import type {ConnectorRun, TestLog} from './connector-run.ts';
import {TestSource} from './postgres-test-source.ts';
import {until} from './until.ts';

/** The source block of an event; LSNs and times in microseconds fit into doubles here. */
export interface EventSource {
  readonly table: string;
  readonly ts_ms: number;
  readonly ts_us: number;
  readonly sequence: string;
  readonly txId: number | null;
  readonly lsn: number | null;
}

/** An event as JSON has it. */
export interface EventValue {
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
  readonly source: EventSource;
  readonly transaction: Record<string, unknown> | null;
  readonly op: string;
}

export interface CaptureOptions {
  readonly source?: Partial<PostgresSourceOptions>;
  readonly connector?: Partial<ConnectorOptions>;
  readonly logger?: Logger;
}

/** A database of its own whose changes a connector brings to a log of its own, prefix `postgres`. */
export class CapturedDatabase {
  readonly source: TestSource;
  readonly log: TestLog;
  readonly #options: CaptureOptions;
  run: ConnectorRun;

  private constructor(source: TestSource, log: TestLog, options: CaptureOptions) {
    this.source = source;
    this.log = log;
    this.#options = options;
    this.run = this.#run();
  }

  /** Runs `setUp`, then the connector; `tables` are captured. */
  static async start(
    port: number,
    tables: readonly string[],
    setUp: string,
    options: CaptureOptions = {},
  ): Promise<CapturedDatabase> {
    const source = await TestSource.create(port, {tableIncludeList: tables, ...options.source});
    await source.sql(setUp);
    const database = new CapturedDatabase(source, await openTestLog(), options);
    await database.streams();
    return database;
  }

  sql(sql: string): Promise<Record<string, unknown>[]> {
    return this.source.sql(sql);
  }

  /** Waits until the snapshot is done. */
  streams(): Promise<void> {
    const phase = (): unknown => this.run.connector.status()['phase'];
    return until('it streams', () => phase() === 'stream', 20_000);
  }

  /** Waits until everything that was committed so far is published. */
  async published(): Promise<void> {
    // Of its own prefix, so that no event comes of it; it ends after whatever was committed before.
    const [row] = await this.sql(
      `SELECT pg_logical_emit_message(true, 'millrace.test', '') - '0/0' AS lsn`,
    );
    const target = BigInt(String(row?.['lsn']));
    await until('everything is published', () => {
      const {confirmedLsn = '0/0'} = this.source.source.status();
      const [high = '0', low = '0'] = confirmedLsn.split('/');
      return BigInt(`0x${high}`) * 0x1_0000_0000n + BigInt(`0x${low}`) >= target;
    });
  }

  /** What is in the topic once everything that was committed so far is there. */
  async topic(name: string): Promise<readonly ChangeEventRecord[]> {
    await this.published();
    return readTopic(this.log.kafka, name);
  }

  /** The same, parsed, with keys; null for tombstones. */
  async events(
    name: string,
  ): Promise<readonly (readonly [key: unknown, value: EventValue | null])[]> {
    return (await this.topic(name)).map(({key, value}) => [
      key === null ? null : (JSON.parse(key) as unknown),
      value === null ? null : (JSON.parse(value) as EventValue),
    ]);
  }

  /** The connector again, on a new source, however the one before has ended. */
  async restart(): Promise<void> {
    await this.run.stop().catch(() => undefined);
    await this.source.restart();
    this.run = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run.stop().catch(() => undefined);
    await this.log.close();
    await this.source[Symbol.asyncDispose]();
  }

  #run(): ConnectorRun {
    const {connector, logger = silentLogger} = this.#options;
    return runConnector(this.log, this.source.source, {
      options: {keyFormat: 'JSON_SR', offsetIntervalMs: 0, ...connector},
      logger,
    });
  }
}
