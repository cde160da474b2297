import {describe, expect, inject, test} from 'vitest';
import type {SourceEvent, SourceOffset} from '../../../src/cdc/replication-source.ts';
import {CapturedDatabase} from '../../support/captured-database.ts';
import {TestSource, rowChanges} from '../../support/postgres-test-source.ts';
import {until} from '../../support/until.ts';

const port = inject('postgresPort');
const lost = {
  code: 'CDC_SLOT_LOST',
  message: expect.stringContaining('snapshot.mode: when_needed'),
};

describe('PostgresSource after a crash', () => {
  test('check 30: gives every row of a COPY once more when nothing of it was confirmed', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    await source.sql('INSERT INTO t SELECT generate_series(1, 10000)');

    const before = await source.events(from, (all) => rowChanges(all).length > 3000);
    await source.restart();
    const point = await source.open(from);
    const changes = await source.changes(point.from, 10_000);

    expect(rowChanges(before).length).toBeLessThan(10_000);
    expect(point).toEqual({kind: 'resume', from, tables: ['public.t']});
    expect(changes.map(({after}) => Number(after?.[0]))).toEqual(
      Array.from({length: 10_000}, (_, index) => index + 1),
    );
  });

  test('check 31: gives the second of two adjacent commits after the first was confirmed', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    const pair = await adjacentCommits(source, from);

    await source.events(from, (all) => {
      if (!all.some((event) => event.kind === 'commit' && event.endLsn === pair.second))
        return false;
      source.source.confirm(pair.first);
      return true;
    });
    await source.restart();
    const confirmed = (await source.slot())?.confirmed;
    const point = await source.open({lsn: pair.first, systemId: from.systemId});
    const events = await source.events(point.from, (all) =>
      all.some(({kind}) => kind === 'commit'),
    );

    expect(confirmed).toBe(pair.first);
    const told = events.filter(({kind}) => kind !== 'idle');
    expect(told.map((event) => rowChanges([event])[0] ?? event)).toMatchObject([
      {kind: 'begin', commitLsn: pair.first},
      {kind: 'insert', after: [pair.id]},
      {kind: 'commit', endLsn: pair.second},
    ]);
  });

  test('check 39: takes the position that it confirmed while idle for its own', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (id int)');
    const {from} = await source.start();
    await source.sql('INSERT INTO other SELECT generate_series(1, 1000)');

    let durable = from;
    await source.events(from, (all) => {
      const last = all.at(-1);
      if (last?.kind !== 'idle') return false;
      durable = {lsn: last.endLsn, systemId: from.systemId};
      source.source.confirm(last.endLsn);
      return true;
    });
    await source.restart();
    const point = await source.open(durable);
    await source.sql('INSERT INTO t VALUES (1)');
    const changes = await source.changes(point.from, 1);

    expect((await source.slot())?.confirmed).toBe(durable.lsn);
    expect(point).toEqual({kind: 'resume', from: durable, tables: ['public.t']});
    expect(changes).toHaveLength(1);
  });

  test('skips what is durable already when the slot has not heard of it', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    await source.sql('INSERT INTO t VALUES (1)');
    const events = await source.events(from, (all) => all.some(({kind}) => kind === 'commit'));
    const commit = events.find((event) => event.kind === 'commit');
    const durable = {lsn: commit?.endLsn ?? 0n, systemId: from.systemId};

    await source.restart();
    const point = await source.open(durable);
    await source.sql('INSERT INTO t VALUES (2)');
    const changes = await source.changes(point.from, 1);

    expect((await source.slot())?.confirmed).toBe(from.lsn);
    expect(changes.map(({after}) => after?.[0])).toEqual(['2']);
  });
});

describe('PostgresSource when its connection breaks', () => {
  test('check 46: goes on in the middle of a transaction, without a gap or a repeat', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY, v text)');
    const {from} = await source.start();
    await source.sql(`INSERT INTO t SELECT g, repeat('x', 300) FROM generate_series(1, 30000) g`);

    let cuts = 0;
    const events: SourceEvent[] = [];
    for await (const batch of source.source.transactions(from, source.signal)) {
      events.push(...batch);
      const count = rowChanges(events).length;
      if (count > 8_000 * (cuts + 1) && count < 30_000) {
        cuts++;
        await source.sql(
          `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '${source.options.slotName}'`,
        );
      }
      // The end of the WAL may have come with it.
      if (batch.some(({kind}) => kind === 'commit')) break;
    }

    expect(cuts).toBeGreaterThanOrEqual(2);
    expect(rowChanges(events).map(({after}) => Number(after?.[0]))).toEqual(
      Array.from({length: 30_000}, (_, index) => index + 1),
    );
    expect(events.filter(({kind}) => kind === 'begin')).toHaveLength(1);
    expect(source.conditions.list()).toEqual([]);
  });
});

describe('PostgresSource with a slot that is not where it was left', () => {
  test('check 40: stops when the slot was dropped while it was stopped', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();

    await source.sql(`SELECT pg_drop_replication_slot('${source.options.slotName}')`);
    const opened = source.open(from);

    await expect(opened).rejects.toMatchObject(lost);
    expect(await source.slot()).toBeUndefined();
  });

  test('check 40: stops when the slot is dropped while it runs', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    const {slotName} = source.options;

    const ended = source.events(from, () => false).catch((error: unknown) => error);
    await until('it streams', async () => (await source.slot())?.pid !== null);
    await until('the slot is dropped', async () => {
      await source.sql(
        `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '${slotName}' AND active`,
      );
      return source.sql(`SELECT pg_drop_replication_slot('${slotName}')`).then(
        () => true,
        () => false,
      );
    });

    expect(await ended).toMatchObject(lost);
  });

  test('check 41: stops when the slot was made again by hand', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();

    await source.sql(`SELECT pg_drop_replication_slot('${source.options.slotName}')`);
    await source.sql('INSERT INTO t VALUES (1)');
    await source.sql(
      `SELECT pg_create_logical_replication_slot('${source.options.slotName}', 'pgoutput')`,
    );
    const opened = source.open(from);

    await expect(opened).rejects.toMatchObject({code: 'CDC_SLOT_MOVED'});
  });

  test('check 41: stops when the slot was advanced by hand, before and while it runs', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    await source.sql('INSERT INTO t VALUES (1)');

    await source.sql(
      `SELECT pg_replication_slot_advance('${source.options.slotName}', pg_current_wal_lsn())`,
    );

    await expect(source.events(from, () => true)).rejects.toMatchObject({code: 'CDC_SLOT_MOVED'});
    await expect(source.open(from)).rejects.toMatchObject({code: 'CDC_SLOT_MOVED'});
  });

  test('takes a new snapshot in mode when_needed', async () => {
    await using source = await TestSource.create(port, {snapshotMode: 'when_needed'});
    await source.sql('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
    const {from} = await source.start();

    await source.sql('INSERT INTO t VALUES (2)');
    await source.sql(
      `SELECT pg_replication_slot_advance('${source.options.slotName}', pg_current_wal_lsn())`,
    );
    const point = await source.open(from);
    const rows = await source.snapshotRows();

    expect(point.kind).toBe('snapshot');
    expect(rows).toHaveLength(2);
  });

  test('stops when the offset belongs to another server', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();

    const opened = source.open({...from, systemId: '1'});

    await expect(opened).rejects.toMatchObject(lost);
  });

  test('does not touch a slot of another database', async () => {
    await using source = await TestSource.create(port);
    await using other = await TestSource.create(port, {slotName: source.options.slotName});
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    await other.sql('CREATE TABLE t (id int PRIMARY KEY)');
    await source.start();

    const opened = other.open();

    await expect(opened).rejects.toMatchObject({
      code: 'CDC_SLOT_IN_USE',
      message: expect.stringContaining(source.options.dbname),
    });
  });
});

describe('PostgresSource with slot.drop.on.stop', () => {
  test('drops the slot when it is stopped, not when it starts over after a failure', async () => {
    await using source = await TestSource.create(port, {slot: {dropOnStop: true}});
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();

    await source.restart();
    const kept = await source.slot();
    await source.open(from);
    await source.close();

    expect(kept).toEqual({pid: null, confirmed: from.lsn});
    expect(await source.slot()).toBeUndefined();
  });

  test('keeps the slot by default', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();

    await source.close();

    expect(await source.slot()).toEqual({pid: null, confirmed: from.lsn});
  });
});

describe('PostgresSource beside another instance', () => {
  test('check 35: waits for the slot, then says who has it', async () => {
    await using source = await TestSource.create(port, {
      slot: {maxRetries: 2, retryDelayMs: 200},
    });
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    const abort = new AbortController();
    const first = drain(source, from, abort.signal);
    await until('the first streams', async () => (await source.slot())?.pid !== null);
    const pid = (await source.slot())?.pid;

    const second = source.another();
    const streaming = second.events(from, () => true);

    await expect(streaming).rejects.toMatchObject({
      code: 'CDC_SLOT_IN_USE',
      message: expect.stringContaining(`active for PID ${pid}`),
    });
    expect(source.conditions.list()).toMatchObject([{code: 'CDC_SLOT_IN_USE'}]);
    abort.abort();
    await first;
  });

  test('check 35: takes over when the other one leaves', async () => {
    await using source = await TestSource.create(port, {slot: {retryDelayMs: 100}});
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    const abort = new AbortController();
    const first = drain(source, from, abort.signal);
    await until('the first streams', async () => (await source.slot())?.pid !== null);

    const second = source.another().changes(from, 1);
    await until('the second waits', () => source.conditions.list().length > 0);
    abort.abort();
    await first;
    await source.sql('INSERT INTO t VALUES (1)');

    expect(await second).toHaveLength(1);
    expect(source.conditions.list()).toEqual([]);
  });

  test('check 35: does not take a snapshot while the other one takes it', async () => {
    await using source = await TestSource.create(port, {slot: {maxRetries: 0}});
    await source.sql('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
    await source.open();

    const second = source.another();

    await expect(second.open()).rejects.toMatchObject({code: 'CDC_SLOT_IN_USE'});
    expect(await source.snapshotRows()).toHaveLength(1);
  });
});

/**
 * Writes pairs of transactions until the last two are adjacent: the second's commit record starts where the first's
 * ends. `id` is the second's row.
 */
async function adjacentCommits(
  source: TestSource,
  from: SourceOffset,
): Promise<{first: bigint; second: bigint; id: string | null | undefined}> {
  for (let id = 0; ; id += 2) {
    const [one, two] = await Promise.all([source.client(), source.client()]);
    // Both have written their rows before either commits: nothing but commit records comes between.
    await one.query(`BEGIN; INSERT INTO t VALUES (${id})`);
    await two.query(`BEGIN; INSERT INTO t VALUES (${id + 1})`);
    await Promise.all([one.query('COMMIT'), two.query('COMMIT')]);
    await Promise.all([one.end(), two.end()]);
    const events = await source.events(
      from,
      (all) => all.filter(({kind}) => kind === 'commit').length === id + 2,
    );
    const ends = events.flatMap((event) => (event.kind === 'commit' ? [event.endLsn] : []));
    const begins = events.flatMap((event) => (event.kind === 'begin' ? [event.commitLsn] : []));
    const [first, second] = ends.slice(-2);
    if (first !== undefined && second !== undefined && begins.at(-1) === first)
      return {first, second, id: rowChanges(events).at(-1)?.after?.[0]};
  }
}

async function drain(source: TestSource, from: SourceOffset, signal: AbortSignal): Promise<void> {
  for await (const _ of source.source.transactions(from, signal));
}

describe('PostgresSource.close', () => {
  test('ends what is being read', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    const events = source.events(from, () => false);
    await until('it streams', async () => (await source.slot())?.pid !== null);

    await source.source.close();

    expect(rowChanges(await events)).toEqual([]);
    await until('the slot is free', async () => (await source.slot())?.pid === null);
  });

  test('ends what begins to be read at that moment', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    const stream = source.source.transactions(from, source.signal)[Symbol.asyncIterator]();
    const next = stream.next();

    await source.source.close();

    expect(await next).toEqual({done: true, value: undefined});
    await until('the slot is free', async () => (await source.slot())?.pid === null);
  });

  test('from outside makes the connector open it again, and does not keep that from its end', async () => {
    await using database = await CapturedDatabase.start(
      port,
      ['public.t'],
      'CREATE TABLE t (id int PRIMARY KEY)',
    );

    await database.source.source.close();
    await database.sql('INSERT INTO t VALUES (1)');
    await until(
      'the row is there',
      async () => (await database.events('postgres.public.t')).length === 1,
    );
    await database.source.source.close();
    await database.run.stop();

    expect(database.run.connector.status().state).toBe('stopped');
  });
});
