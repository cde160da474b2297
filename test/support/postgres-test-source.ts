import {Client} from 'pg';
import {systemClock} from '../../src/common/clock.ts';
import {Conditions} from '../../src/common/conditions.ts';
import {silentLogger} from '../../src/common/logger.ts';
import {PromMetrics} from '../../src/common/prom-metrics.ts';
import {PostgresSource} from '../../src/cdc/postgres/postgres-source.ts';
import {eventsBefore} from '../../src/cdc/events-before.ts';
import type {PostgresSourceOptions} from '../../src/cdc/postgres/postgres-source-options.ts';
import type {
  RowChange,
  SnapshotBatch,
  SourceEvent,
  SourceOffset,
  StartingPoint,
} from '../../src/cdc/replication-source.ts';
import {queryPostgres} from './postgres.ts';
import {textsOf} from './tuple.ts';
import type {Text} from './tuple.ts';

/** A change with its rows as texts. */
export type ChangedTexts = Omit<RowChange, 'before' | 'after'> &
  Readonly<Record<'before' | 'after', readonly Text[] | undefined>>;

let created = 0;

/** A source on a database and a slot of its own, which are gone when the test ends. */
export class TestSource {
  readonly options: PostgresSourceOptions;
  readonly conditions: Conditions;
  readonly metrics = new PromMetrics();
  readonly #abort = new AbortController();
  source: PostgresSource;

  private constructor(options: PostgresSourceOptions, conditions = new Conditions()) {
    this.options = options;
    this.conditions = conditions;
    this.source = this.#make();
  }

  static async create(
    port: number,
    options: Partial<PostgresSourceOptions> = {},
  ): Promise<TestSource> {
    const name = `test_${process.pid}_${Date.now().toString(36)}_${created++}`;
    await queryPostgres(port, `CREATE DATABASE ${name}`, 'postgres');
    return new TestSource({
      name,
      hostname: '127.0.0.1',
      port,
      dbname: name,
      user: 'postgres',
      password: '',
      sslmode: 'disable',
      slotName: name,
      publicationName: name,
      tableIncludeList: ['public.t'],
      snapshotMode: 'initial',
      ...options,
    });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  sql(sql: string): Promise<Record<string, unknown>[]> {
    return queryPostgres(this.options.port, sql, this.options.dbname);
  }

  open(durable?: SourceOffset): Promise<StartingPoint> {
    return this.source.open(durable, this.signal);
  }

  /** Opens it for the first time and reads the snapshot to its end. */
  async start(): Promise<StartingPoint> {
    const point = await this.open();
    await this.snapshot();
    return point;
  }

  async snapshot(): Promise<SnapshotBatch[]> {
    const batches: SnapshotBatch[] = [];
    for await (const batch of this.source.snapshot(this.signal)) batches.push(batch);
    return batches;
  }

  async snapshotRows(): Promise<Text[][]> {
    return (await this.snapshot()).flatMap(({rows}) => rows.map(textsOf));
  }

  /** The first events after `from`, until `enough` says so. */
  async events(
    from: SourceOffset,
    enough: (events: readonly SourceEvent[]) => boolean,
  ): Promise<SourceEvent[]> {
    const events: SourceEvent[] = [];
    for await (const batch of this.source.transactions(from, this.signal)) {
      events.push(...batch);
      if (enough(events)) break;
    }
    return events;
  }

  /** The first `count` row changes after `from`, and what comes with the last of them. */
  async changes(from: SourceOffset, count: number): Promise<ChangedTexts[]> {
    const events = await this.events(from, (all) => rowChanges(all).length >= count);
    return rowChanges(events);
  }

  /** The row changes that `point` wants published before its snapshot. */
  async changesBefore({catchUp, from}: StartingPoint): Promise<ChangedTexts[]> {
    if (catchUp === undefined) throw new Error('there is nothing to catch up with');
    const events: SourceEvent[] = [];
    const transactions = this.source.transactions(catchUp, this.signal);
    for await (const batch of eventsBefore(transactions, from.lsn)) events.push(...batch);
    return rowChanges(events);
  }

  /** A source on whatever is there; `close` is enough to end it. */
  static of(options: PostgresSourceOptions): TestSource {
    return new TestSource(options);
  }

  close(): Promise<void> {
    this.#abort.abort();
    return this.source.close();
  }

  /** A second instance on the same slot. */
  another(): TestSource {
    return new TestSource(this.options, this.conditions);
  }

  async client(): Promise<Client> {
    const {hostname, user, dbname} = this.options;
    const client = new Client({host: hostname, port: this.options.port, user, database: dbname});
    await client.connect();
    return client;
  }

  /** As after the death of the process: a new source, the old one's connections closed. */
  async restart(options: Partial<PostgresSourceOptions> = {}): Promise<void> {
    await this.source.close();
    this.source = this.#make(options);
  }

  /** The slot as the server has it; `confirmed` is 0 while it is being made, or dropped. */
  async slot(): Promise<{pid: number | null; confirmed: bigint} | undefined> {
    const [row] = await this.sql(
      `SELECT active_pid AS pid, confirmed_flush_lsn - '0/0' AS confirmed FROM pg_replication_slots WHERE slot_name = '${this.options.slotName}'`,
    );
    return (
      row && {
        pid: row['pid'] as number | null,
        confirmed: BigInt((row['confirmed'] as string | null) ?? 0),
      }
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    const {port, dbname, slotName} = this.options;
    await queryPostgres(
      port,
      `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '${slotName}' AND active`,
      'postgres',
    );
    for (;;) {
      try {
        await queryPostgres(
          port,
          `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${slotName}'`,
          'postgres',
        );
        break;
      } catch (error) {
        // The walsender is on its way out.
        if ((error as {code?: string}).code !== '55006') throw error;
      }
    }
    await queryPostgres(port, `DROP DATABASE ${dbname} WITH (FORCE)`, 'postgres');
  }

  #make(options: Partial<PostgresSourceOptions> = {}): PostgresSource {
    return new PostgresSource(
      {...this.options, ...options},
      {
        clock: systemClock,
        logger: silentLogger,
        conditions: this.conditions,
        metrics: this.metrics,
      },
    );
  }
}

export function rowChanges(events: readonly SourceEvent[]): ChangedTexts[] {
  return events
    .filter(
      (event): event is RowChange =>
        event.kind === 'insert' || event.kind === 'update' || event.kind === 'delete',
    )
    .map((change) => ({
      ...change,
      before: change.before && textsOf(change.before),
      after: change.after && textsOf(change.after),
    }));
}
