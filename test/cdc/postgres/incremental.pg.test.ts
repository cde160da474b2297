import {afterEach, beforeEach, describe, expect, inject, onTestFinished, test} from 'vitest';
import type {ConnectorOptions} from '../../../src/cdc/connector-options.ts';
import {emitSignal} from '../../../src/cdc/postgres/emit-signal.ts';
import {readTopic} from '../../support/change-events.ts';
import {openTestLog, runConnector} from '../../support/connector-run.ts';
import type {ConnectorRun, TestLog} from '../../support/connector-run.ts';
import {TestSource} from '../../support/postgres-test-source.ts';
import {Random} from '../../support/random.ts';
import {until} from '../../support/until.ts';

const TOPIC = 'postgres.public.t';

interface Row {
  readonly id: number;
  readonly version: number;
}

interface ChangeEvent {
  readonly op: string;
  readonly before: Row | null;
  readonly after: Row | null;
}

/** Changes rows until it is stopped: inserts with new ids, updates that count up, deletes, updates of the key. */
class Workload {
  readonly #source: TestSource;
  readonly #random: Random;
  #isStopped = false;
  #running: Promise<void> | undefined;
  statements = 0;

  constructor(source: TestSource, seed: number) {
    this.#source = source;
    this.#random = new Random(seed);
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    const client = await this.#source.client();
    try {
      while (!this.#isStopped) {
        await client.query(this.#statement());
        this.statements++;
      }
    } finally {
      await client.end();
    }
  }

  #statement(): string {
    const id = this.#random.below(2_000);
    switch (this.#random.below(10)) {
      case 0:
        return `DELETE FROM t WHERE id = ${id}`;
      case 1:
        return `INSERT INTO t (id, version) VALUES (nextval('ids'), nextval('versions'))`;
      case 2:
        return `UPDATE t SET id = nextval('ids'), version = nextval('versions') WHERE id = ${id}`;
      default:
        return `UPDATE t SET version = nextval('versions') WHERE id BETWEEN ${id} AND ${id + 2}`;
    }
  }
}

const isReading = (run: ConnectorRun): boolean =>
  run.connector.status()['incremental'] !== undefined;

const idsIn = async ({kafka}: TestLog, topic: string): Promise<unknown[]> =>
  (await readTopic(kafka, topic)).map(
    ({value}) => (JSON.parse(String(value)) as ChangeEvent).after?.id,
  );

const isStreaming = (run: ConnectorRun): Promise<void> =>
  until('it streams', () => run.connector.status()['phase'] === 'stream');

const sorted = (rows: Map<number, number>): unknown =>
  Array.from(rows).toSorted(([a], [b]) => a - b);

describe('incremental snapshots of a PostgresSource', () => {
  let log: TestLog;
  let source: TestSource;
  let runs: ConnectorRun[];
  let trips = 0;

  beforeEach(async () => {
    log = await openTestLog();
    source = await TestSource.create(inject('postgresPort'), {snapshotMode: 'never'});
    await source.sql(`
      CREATE SEQUENCE ids START 100000;
      CREATE SEQUENCE versions;
      CREATE TABLE t (id integer PRIMARY KEY, version integer, note text);
      INSERT INTO t SELECT g, nextval('versions'), repeat('x', 20) FROM generate_series(0, 1999) g`);
    runs = [];
  });

  afterEach(async () => {
    await Promise.allSettled(runs.map((run) => run.stop()));
    await source[Symbol.asyncDispose]();
    await log.close();
  });

  function start(chunkSize = 64, options: Partial<ConnectorOptions> = {}): ConnectorRun {
    const run = runConnector(log, source.source, {
      options: {
        snapshotMode: 'never',
        dbname: source.options.dbname,
        slotName: source.options.slotName,
        incrementalChunkSize: chunkSize,
        offsetIntervalMs: 50,
        valueFormat: 'JSON',
        ...options,
      },
    });
    runs.push(run);
    return run;
  }

  function execute(...tables: readonly string[]): Promise<string> {
    const data = {'data-collections': tables};
    return emitSignal(source.options, {id: 's', type: 'execute-snapshot', data});
  }

  async function events(): Promise<readonly (ChangeEvent | null)[]> {
    const records = await readTopic(log.kafka, TOPIC);
    return records.map(({value}) => (value === null ? null : (JSON.parse(value) as ChangeEvent)));
  }

  /** A row that is written now has come, and with it all that was written before. */
  async function roundTrip(): Promise<void> {
    const id = 1_000_000 + trips++;
    await source.sql(`INSERT INTO t VALUES (${id}, nextval('versions'))`);
    await until(`row ${id} is there`, async () =>
      (await events()).some((event) => event?.after?.id === id),
    );
  }

  /** Nothing is left to read of what was asked for until now. */
  async function caughtUp(run: ConnectorRun): Promise<void> {
    await roundTrip();
    await until('nothing is left to read', () => !isReading(run));
    // The last rows are on their way to the topic.
    await roundTrip();
  }

  /** Of the rows that there are at the start: those of round trips may be read, too. */
  const rowsRead = async (): Promise<number> =>
    (await events()).filter((event) => event?.op === 'r' && Number(event.after?.id) < 2_000).length;

  /** The rows as the events leave them; and the events that tell of less than was told before. */
  async function materialised(): Promise<{rows: Map<number, number>; stale: unknown[]}> {
    const rows = new Map<number, number>();
    const newest = new Map<number, number>();
    const stale: unknown[] = [];
    for (const event of await events()) {
      if (event === null) continue;
      const {op, before, after} = event;
      if (after === null) {
        const {id} = before as Row;
        rows.delete(id);
        // What is deleted never comes back: ids are not used twice.
        newest.set(id, Infinity);
        continue;
      }
      if (after.version < (newest.get(after.id) ?? 0)) stale.push([op, after]);
      newest.set(after.id, after.version);
      rows.set(after.id, after.version);
    }
    return {rows, stale};
  }

  async function table(): Promise<Map<number, number>> {
    const rows = (await source.sql('SELECT id, version FROM t')) as unknown as Row[];
    return new Map(rows.map(({id, version}) => [id, version]));
  }

  test('check 47: reads a busy table without a stale row, also when it is killed on the way', async () => {
    const workloads = [1, 2].map((seed) => new Workload(source, seed));
    let run = start();
    await isStreaming(run);
    for (const workload of workloads) workload.start();
    onTestFinished(() => void Promise.all(workloads.map((workload) => workload.stop())));
    await execute('public.t');
    for (const rows of [300, 900]) {
      await until(`${rows} rows are read`, async () => (await rowsRead()) >= rows);
      await run.stop();
      await source.restart();
      run = start();
      await isStreaming(run);
    }
    await until('the snapshot is complete', () => !isReading(run));
    await Promise.all(workloads.map((workload) => workload.stop()));
    await caughtUp(run);

    const {rows, stale} = await materialised();
    expect(stale).toEqual([]);
    expect(sorted(rows)).toEqual(sorted(await table()));
    expect(Math.min(...workloads.map(({statements}) => statements))).toBeGreaterThan(100);
    // Restarts go on at the last chunk: they do not begin anew.
    expect(await rowsRead()).toBeLessThan(2_000 + 2 * 3 * 64);
  });

  test('check 47: keeps DDL in the middle on its side of the rows', async () => {
    const run = start(100);
    await isStreaming(run);
    await execute('public.t');
    await until('some rows are read', async () => (await events()).length >= 300);
    await source.sql(`ALTER TABLE t ADD COLUMN added integer DEFAULT 7`);
    await caughtUp(run);

    const all = (await events()).flatMap((event) =>
      event?.op === 'r' && Number(event.after?.id) < 2_000 ? [event.after] : [],
    );
    const first = all.findIndex((row) => row !== null && 'added' in row);
    expect(all).toHaveLength(2_000);
    expect(first).toBeGreaterThan(0);
    expect(all.slice(first).every((row) => row !== null && 'added' in row)).toBe(true);
  });

  test('reads a table with a composite key of text, numbers and dates, in an order of its own', async () => {
    await source.sql(`
      CREATE TABLE wide (a text, b numeric(10, 2), c date, v text, PRIMARY KEY (c, a, b));
      INSERT INTO wide SELECT chr(32 + g % 90) || '''\\', g / 4.0, '2024-01-01'::date - g % 7, 'x' FROM generate_series(1, 500) g`);
    const other = await TestSource.create(inject('postgresPort'), {
      snapshotMode: 'never',
      dbname: source.options.dbname,
      tableIncludeList: ['public.wide'],
    });
    onTestFinished(() => other.close());
    const run = runConnector(log, other.source, {
      options: {
        snapshotMode: 'never',
        dbname: source.options.dbname,
        slotName: other.options.slotName,
        incrementalChunkSize: 7,
        valueFormat: 'JSON',
      },
    });
    runs.push(run);
    await isStreaming(run);
    await execute('public\\.w.*');
    await until(
      'all rows are there',
      async () => (await readTopic(log.kafka, 'postgres.public.wide')).length >= 500,
    );

    const keys = (await readTopic(log.kafka, 'postgres.public.wide')).map(({key}) => key);
    expect(new Set(keys).size).toBe(500);
    expect(keys).toHaveLength(500);
  });

  test('takes signals from a table that the lists leave out, and publishes nothing of it', async () => {
    await source.sql(`
      CREATE SCHEMA ops;
      CREATE TABLE ops.signals (id text PRIMARY KEY, type text, data text);
      INSERT INTO ops.signals VALUES ('0', 'execute-snapshot', 'from before')`);
    const signalTable = 'ops.signals';
    await source.restart({signalTable, snapshotMode: 'initial'});
    const run = start(500, {signalTable, snapshotMode: 'initial'});
    await isStreaming(run);
    await source.sql(`
      INSERT INTO ops.signals VALUES
        ('1', 'execute-snapshot', '{"data-collections": ["PUBLIC.T"], "type": "incremental"}')`);
    await caughtUp(run);

    expect(await rowsRead()).toBe(4_000);
    const [topic] = await log.kafka.admin.describeTopics(['postgres.ops.signals']);
    expect(topic).toBeUndefined();
  });

  test('reads the rows that a condition holds for', async () => {
    const run = start();
    await isStreaming(run);
    await emitSignal(source.options, {
      id: 's',
      type: 'execute-snapshot',
      data: {
        'data-collections': ['public.t'],
        'additional-conditions': [
          {'data-collection': 'public.t', filter: 'id < 2000 AND id % 100 = 0'},
        ],
      },
    });
    await caughtUp(run);

    expect(await rowsRead()).toBe(20);
  });

  test('check 44: reads the rows of a table that is captured later, and no others again', async () => {
    await source.sql(`
      CREATE TABLE later (id integer PRIMARY KEY, version integer);
      INSERT INTO later VALUES (1, 1), (2, 2)`);
    let run = start();
    await isStreaming(run);
    await caughtUp(run);
    await run.stop();
    await source.restart({
      tableIncludeList: ['public.t', 'public.later'],
      snapshotMode: 'initial',
    });
    run = runConnector(log, source.source, {
      options: {
        dbname: source.options.dbname,
        slotName: source.options.slotName,
        valueFormat: 'JSON',
      },
    });
    runs.push(run);
    await until(
      'its rows are there',
      async () => (await readTopic(log.kafka, 'postgres.public.later')).length === 2,
    );
    await source.sql('UPDATE later SET version = 3 WHERE id = 1');
    await caughtUp(run);

    const later = await readTopic(log.kafka, 'postgres.public.later');
    expect(later.map(({value}) => (JSON.parse(String(value)) as ChangeEvent).op)).toEqual([
      'r',
      'r',
      'u',
    ]);
    expect((await events()).filter((event) => event?.op === 'r')).toEqual([]);
  });

  test('reads in place of an initial snapshot what snapshot.select.statement.overrides says, and the whole table when asked to', async () => {
    await source.sql(`
      CREATE TABLE later (id integer PRIMARY KEY, version integer);
      INSERT INTO later SELECT g, g FROM generate_series(1, 300) g`);
    let run = start();
    await isStreaming(run);
    await caughtUp(run);
    await run.stop();
    await source.restart({
      tableIncludeList: ['public.t', 'public.later'],
      snapshotMode: 'initial',
      snapshot: {
        selectOverrides: {
          'public.later': 'SELECT * FROM later WHERE id % 2 = 0 ORDER BY id DESC -- even',
        },
      },
    });
    run = start(64, {snapshotMode: 'initial'});
    const topic = 'postgres.public.later';
    await until('its rows are there', async () => (await idsIn(log, topic)).length >= 150);
    await caughtUp(run);
    const first = await idsIn(log, topic);
    await execute('public.later');
    await caughtUp(run);

    expect(first).toEqual(Array.from({length: 150}, (_, index) => 2 * index + 2));
    expect((await idsIn(log, topic)).slice(150)).toEqual(
      Array.from({length: 300}, (_, index) => index + 1),
    );
  });

  test('waits with a condition while it may not read, and goes on when it may', async () => {
    const user = source.options.slotName;
    await source.sql(`
      CREATE ROLE ${user} LOGIN REPLICATION;
      ALTER TABLE t OWNER TO ${user};
      GRANT CREATE ON DATABASE ${source.options.dbname} TO ${user};
      REVOKE SELECT ON t FROM ${user}`);
    await source.restart({user});
    const run = start();
    await isStreaming(run);
    await execute('public.t');
    await until('it says so', () => run.conditions.list().length === 1);

    expect(run.conditions.list()).toMatchObject([
      {
        code: 'CDC_PERMISSION_DENIED',
        message: expect.stringMatching(
          /permission denied for table t; .*GRANT SELECT ON t/,
        ) as string,
      },
    ]);
    await source.sql(`GRANT SELECT ON t TO ${user}`);
    await until('it goes on', () => run.conditions.list().length === 0);
    await caughtUp(run);
    await run.stop();
    await source.sql(
      `REASSIGN OWNED BY ${user} TO postgres; DROP OWNED BY ${user}; DROP ROLE ${user}`,
    );

    expect(await rowsRead()).toBe(2_000);
  });
});
