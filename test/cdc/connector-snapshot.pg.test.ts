import {afterEach, beforeEach, describe, expect, inject, test} from 'vitest';
import {readTopic} from '../support/change-events.ts';
import {openTestLog, runConnector} from '../support/connector-run.ts';
import type {ConnectorRun, ConnectorRunOptions, TestLog} from '../support/connector-run.ts';
import {TestSource} from '../support/postgres-test-source.ts';
import {withProducerFaults} from '../support/producer-faults.ts';
import {Random} from '../support/random.ts';
import {until} from '../support/until.ts';

const port = inject('postgresPort');

interface Event {
  readonly op: 'r' | 'c' | 'u' | 'd';
  readonly before: Row | null;
  readonly after: Row | null;
}
type Row = Readonly<Record<string, unknown>>;

describe('CdcConnector on Postgres', () => {
  let log: TestLog;
  let runs: ConnectorRun[];
  let source: TestSource;

  beforeEach(async () => {
    log = await openTestLog();
    runs = [];
  });

  afterEach(async () => {
    await Promise.allSettled(runs.map((run) => run.stop()));
    await source[Symbol.asyncDispose]();
    await log.close();
  });

  function start({options, ...rest}: ConnectorRunOptions = {}): ConnectorRun {
    const {slotName, snapshotMode} = source.options;
    const run = runConnector(log, source.source, {
      ...rest,
      options: {slotName, snapshotMode, ...options},
    });
    runs.push(run);
    return run;
  }

  const events = async (table: string): Promise<Event[]> =>
    (await readTopic(log.kafka, `postgres.public.${table}`)).flatMap(({value}) =>
      value === null ? [] : [JSON.parse(value) as Event],
    );

  test('check 1: publishes the rows of four tables and the changes of a load on them, which together are the tables', async () => {
    const tables = ['t1', 't2', 't3', 't4'];
    source = await TestSource.create(port, {
      tableIncludeList: tables.map((table) => `public.${table}`),
      snapshot: {maxThreads: 3, rangeBlocks: 8, fetchSize: 300},
    });
    for (const table of tables)
      await source.sql(`
        CREATE TABLE ${table} (id int PRIMARY KEY, v int NOT NULL);
        INSERT INTO ${table} SELECT g, 0 FROM generate_series(1, 4000) g`);
    const load = {transactions: 0, isOver: false};
    const writers = [1, 2, 3].map((seed) => write(source, tables, seed, load));
    await until('the load runs', () => load.transactions > 50);

    const run = start();
    await until('the snapshot is complete', () => isComplete(run));
    const since = load.transactions;
    await until('more was written', () => load.transactions > since + 100);
    load.isOver = true;
    await Promise.all(writers);
    for (const table of tables) await source.sql(`INSERT INTO ${table} VALUES (-1, 0)`);
    await until('the last change is there', async () =>
      (await events('t4')).some(({after}) => after?.['id'] === -1),
    );

    for (const table of tables) {
      const rows = new Map<unknown, unknown>();
      const all = await events(table);
      for (const {op, before, after} of all) {
        const id = (after ?? before)?.['id'];
        // A row twice would be an overlap, a change of one that is not there a gap.
        expect(`${op} ${rows.has(id)}`).toBe(`${op} ${op === 'u' || op === 'd'}`);
        if (after === null) rows.delete(id);
        else rows.set(id, after['v']);
      }
      const expected = await source.sql(`SELECT id, v FROM ${table}`);
      expect(rows).toEqual(new Map(expected.map(({id, v}) => [id, v])));
      expect(all.filter(({op}) => op === 'r').length).toBeGreaterThan(3_000);
      expect(all.filter(({op}) => op !== 'r').length).toBeGreaterThan(20);
    }
  });

  test('check 4: takes the whole snapshot again after a kill in the middle of it, and shows each row once', async () => {
    source = await TestSource.create(port, {snapshot: {fetchSize: 500}});
    await source.sql(`
      CREATE TABLE t (id int PRIMARY KEY, v text);
      INSERT INTO t SELECT g, 'v' FROM generate_series(1, 6000) g`);
    let sends = 0;
    // What a killed process leaves: an open Kafka transaction, and a slot from which nothing was read.
    const killed = start({
      options: {batch: {maxRecords: 1_000, maxBytes: 1e6}},
      kafka: withProducerFaults(log.kafka, {
        beforeSend: () => {
          if (++sends === 3) throw new Error('killed');
        },
      }),
    });
    await killed.ended.catch(() => undefined);
    const halfMade = await source.slot();
    const visible = await events('t');
    await source.sql('DELETE FROM t WHERE id <= 10; INSERT INTO t VALUES (7000, $$new$$)');

    await source.restart();
    const run = start();
    await until('the snapshot is complete', () => isComplete(run));
    await source.sql('INSERT INTO t VALUES (7001, $$newer$$)');
    await until('it streams', async () => (await events('t')).length > 5_991);

    expect(sends).toBe(3);
    expect(visible).toEqual([]);
    expect((await source.slot())?.confirmed).toBeGreaterThan(halfMade?.confirmed ?? 0n);
    const all = await events('t');
    expect(all.map(({op, after}) => `${op} ${String(after?.['id'])}`)).toEqual([
      ...Array.from({length: 5_990}, (_, i) => `r ${i + 11}`),
      'r 7000',
      'c 7001',
    ]);
  });

  test('leaves a slot alone that somebody else has made, and names it', async () => {
    source = await TestSource.create(port);
    const {slotName} = source.options;
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    await source.sql(`SELECT pg_create_logical_replication_slot('${slotName}', 'pgoutput')`);
    const made = await source.slot();

    await expect(start().ended).rejects.toMatchObject({
      name: 'FatalError',
      code: 'CDC_SLOT_IN_USE',
      message: expect.stringContaining(`slot ${slotName} is there, and`) as string,
    });
    expect(made?.confirmed).toBeGreaterThan(0n);
    expect(await source.slot()).toEqual(made);
  });

  test('publishes in mode always what happened while it was stopped, then the rows as they are, then goes on', async () => {
    source = await TestSource.create(port, {snapshotMode: 'always'});
    await source.sql('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)');
    const first = start();
    await until('the snapshot is complete', () => isComplete(first));
    await first.stop();
    await source.sql('DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (3)');

    await source.restart();
    const second = start();
    await until('the snapshot is complete', () => isComplete(second));
    await source.sql('INSERT INTO t VALUES (4)');
    await until('it streams', async () => (await events('t')).length === 7);

    const all = await events('t');
    expect(all.map(({op, before, after}) => `${op} ${String((after ?? before)?.['id'])}`)).toEqual([
      'r 1',
      'r 2',
      'd 1',
      'c 3',
      'r 2',
      'r 3',
      'c 4',
    ]);
  });
});

function isComplete(run: ConnectorRun): boolean {
  const {snapshot} = run.connector.status();
  return (snapshot as {state?: string} | undefined)?.state === 'completed';
}

/** Random transactions of one to three changes to one of the tables each, until told to end. */
async function write(
  source: TestSource,
  tables: readonly string[],
  seed: number,
  load: {transactions: number; isOver: boolean},
): Promise<void> {
  const random = new Random(seed);
  const client = await source.client();
  let next = seed * 1_000_000;
  while (!load.isOver) {
    const statements = Array.from({length: 1 + random.below(3)}, () => {
      const table = tables[random.below(tables.length)] as string;
      const id = 1 + random.below(4_000);
      if (random.chance(0.3)) return `INSERT INTO ${table} VALUES (${next++}, 0)`;
      if (random.chance(0.3)) return `DELETE FROM ${table} WHERE id = ${id}`;
      return `UPDATE ${table} SET v = v + 1 WHERE id = ${id}`;
    });
    try {
      await client.query(`BEGIN; ${statements.join('; ')}; COMMIT`);
      load.transactions++;
    } catch (error) {
      // Two writers may take rows in another order.
      if ((error as {code?: string}).code !== '40P01') throw error;
      await client.query('ROLLBACK');
    }
  }
  await client.end();
}
