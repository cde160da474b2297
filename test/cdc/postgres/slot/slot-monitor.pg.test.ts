import {afterAll, beforeAll, describe, expect, inject, test} from 'vitest';
import {parseLsn} from '../../../../src/cdc/postgres/lsn.ts';
import type {SlotStatus} from '../../../../src/cdc/postgres/slot/slot-monitor.ts';
import {PostgresServer} from '../../../support/postgres.ts';
import {TestSource} from '../../../support/postgres-test-source.ts';
import type {PostgresSourceOptions} from '../../../../src/cdc/postgres/postgres-source-options.ts';
import {until} from '../../../support/until.ts';

const port = inject('postgresPort');
const often = {slot: {monitorIntervalMs: 20}};

describe('SlotMonitor', () => {
  test('check 43: names a publication that was dropped before a change is missed, until it is back', async () => {
    await using source = await watched(port);
    const {publicationName} = source.options;

    await source.sql(`DROP PUBLICATION ${publicationName}`);
    const condition = await raised(source, 'CDC_PUBLICATION_INVALID');
    await source.sql(/CREATE PUBLICATION .*?\)/.exec(condition)?.[0] ?? '');

    await until('it is over', () => source.conditions.list().length === 0);
    expect(condition).toContain('was dropped');
  });

  test('check 44: names a publication that has become too narrow, with the statement that widens it', async () => {
    await using source = await watched(port, {tableIncludeList: ['public.t', 'public.u']});
    const {publicationName} = source.options;

    await source.sql(
      `ALTER PUBLICATION ${publicationName} SET TABLE t; ALTER PUBLICATION ${publicationName} SET (publish = 'insert')`,
    );
    await until('both are told', () =>
      source.conditions
        .list()
        .some(({message}) => /does not name public\.u and leaves out update/.test(message)),
    );
    const {message} = source.conditions.list()[0] ?? {message: ''};
    await source.sql(/run (.*), then/.exec(message)?.[1] ?? '');

    await until('it is over', () => source.conditions.list().length === 0);
    expect(message).toContain('take a new snapshot of what was missed');
  });

  test('warns of a row filter, which keeps nobody from being ready', async () => {
    await using source = await watched(port);

    await source.sql(
      `ALTER PUBLICATION ${source.options.publicationName} SET TABLE t WHERE (id > 5)`,
    );
    await raised(source, 'CDC_PUBLICATION_NARROW');

    expect(source.conditions.list()).toMatchObject([{severity: 'warning'}]);
  });

  test('check 40: misses a slot that is dropped while nothing streams', async () => {
    await using source = await watched(port);

    await source.sql(`SELECT pg_drop_replication_slot('${source.options.slotName}')`);

    expect(await raised(source, 'CDC_SLOT_LOST')).toContain('snapshot.mode: when_needed');
  });

  test('check 41: sees that a slot was advanced while nothing streams', async () => {
    await using source = await watched(port);

    await source.sql('INSERT INTO t VALUES (1)');
    await source.sql(
      `SELECT pg_replication_slot_advance('${source.options.slotName}', pg_current_wal_lsn())`,
    );

    expect(await raised(source, 'CDC_SLOT_MOVED')).toContain('what is between is missing');
  });

  test('names a stream of which nothing becomes durable, until something does', async () => {
    await using source = await TestSource.create(port, {
      slot: {monitorIntervalMs: 20, stallMs: 300},
    });
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    let received = from.lsn;
    let isConfirming = false;
    const ended = source.events(from, (all) => {
      const last = all.at(-1);
      if (last?.kind === 'commit' || last?.kind === 'idle') received = last.endLsn;
      if (isConfirming) source.source.confirm(received);
      return false;
    });
    await source.sql('INSERT INTO t VALUES (1)');

    const message = await raised(source, 'CDC_STALLED');
    isConfirming = true;
    source.source.confirm(received);
    await until('it is over', () => source.conditions.list().length === 0);
    await source.close();
    await ended;

    expect(message).toContain('has become durable in Kafka');
  });

  test('tells what the server keeps for the slot, and what it has confirmed', async () => {
    await using source = await watched(port);
    await source.sql('INSERT INTO t SELECT generate_series(1, 10000)');

    await until('the lag is seen', () => (statusOf(source).confirmedLagBytes ?? 0) > 500_000);

    expect(statusOf(source)).toMatchObject({
      active: false,
      walStatus: 'reserved',
      failover: false,
      timeline: 1,
    });
    expect(statusOf(source).retainedBytes).toBeGreaterThanOrEqual(
      statusOf(source).confirmedLagBytes ?? 0,
    );
    const text = await source.metrics.text();
    expect(text).toMatch(/^millrace_cdc_confirmed_lag_bytes\{source="\w+"\} \d{6,}$/m);
    expect(text).toMatch(/^millrace_cdc_wal_retained_bytes\{source="\w+"\} \d{6,}$/m);
    expect(text).toMatch(/^millrace_cdc_slot_active\{source="\w+"\} 0$/m);
    // There is no limit on this server.
    expect(text).not.toMatch(/^millrace_cdc_wal_safe_bytes/m);
  });

  test('looks while somebody holds every lock on a captured table', async () => {
    await using source = await watched(port);
    const holder = await source.client();
    try {
      await holder.query('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
      await source.sql(`SELECT pg_logical_emit_message(true, 'x', repeat('y', 10000))`);
      const lag = await lagOf(source);

      await until('it looks', () => (statusOf(source).confirmedLagBytes ?? 0) >= lag, 5_000);

      expect(source.conditions.list()).toEqual([]);
    } finally {
      await holder.end();
    }
  });

  test('names a table that the filters match and that was created since, until a restart captures it', async () => {
    await using source = await watched(port, {tableIncludeList: ['public\\..*']});
    await source.sql('CREATE TABLE later (id int PRIMARY KEY); INSERT INTO later VALUES (1)');

    const message = await raised(source, 'CDC_PUBLICATION_NARROW');
    const [condition] = source.conditions.list();
    const {from} = await source.open({
      lsn: (await source.slot())?.confirmed ?? 0n,
      systemId: await systemId(source),
    });
    await until('it is over', () => source.conditions.list().length === 0);
    await source.sql('INSERT INTO later VALUES (2)');

    expect(condition?.severity).toBe('warning');
    expect(message).toMatch(/match public\.later since the start.*restart the source/);
    expect((await source.changes(from, 1)).map(({after}) => after)).toEqual([['2']]);
  });

  test('misses no changes of a table that was dropped, nor of one that the publication has anyway', async () => {
    await using source = await watched(port, {
      tableIncludeList: ['public\\..*'],
      publicationMode: 'all_tables',
    });

    await source.sql('CREATE TABLE later (id int PRIMARY KEY); DROP TABLE u');
    await source.sql(`SELECT pg_logical_emit_message(true, 'x', repeat('y', 10000))`);
    const lag = await lagOf(source);
    await until('it has looked', () => (statusOf(source).confirmedLagBytes ?? 0) >= lag);

    expect(source.conditions.list()).toEqual([]);
  });

  test('looks when streaming begins, however long the interval is', async () => {
    await using source = await watched(port, {slot: {monitorIntervalMs: 3_600_000}});
    await until('it has looked', () => source.source.status().replicationSlot !== undefined);
    const before = statusOf(source).active;

    const ended = source.events(
      {lsn: (await source.slot())?.confirmed ?? 0n, systemId: await systemId(source)},
      () => false,
    );
    await until('it has looked again', () => statusOf(source).active === true, 10_000);
    await source.close();
    await ended;

    expect(before).toBe(false);
  });

  test('needs no more than the right to connect', async () => {
    await using source = await TestSource.create(port, often);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    const user = source.options.dbname;
    await source.sql(`CREATE ROLE ${user} LOGIN REPLICATION; GRANT SELECT ON t TO ${user}`);
    try {
      await source.restart({user});
      await source.open(from);

      await until('it has looked', () => source.source.status().replicationSlot !== undefined);
      expect(source.conditions.list()).toEqual([]);
    } finally {
      await source.close();
      await source.sql(`DROP OWNED BY ${user}; DROP ROLE ${user}`);
    }
  });
});

describe('SlotMonitor on a server in trouble', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start({
      major: inject('postgresMajor'),
      settings: {wal_sender_timeout: '2s', max_wal_size: '64MB', min_wal_size: '32MB'},
    });
  });

  afterAll(() => server.stop());

  test('check 42: warns of WAL that may be removed, then names the slot as lost', async () => {
    await using source = await watched(server.port);
    await source.sql('CREATE TABLE other (v text)');

    await source.sql(`ALTER SYSTEM SET max_slot_wal_keep_size = '48MB'`);
    await source.sql('SELECT pg_reload_conf()');
    let isWarned = false;
    await until('the slot is lost', async () => {
      await source.sql(`INSERT INTO other SELECT repeat('x', 900) FROM generate_series(1, 9000)`);
      const lag = await lagOf(source);
      await until('it has looked', () => (statusOf(source).confirmedLagBytes ?? 0) >= lag);
      isWarned ||= source.conditions.list().some(({code}) => code === 'CDC_WAL_AT_RISK');
      if (isWarned) await source.sql('CHECKPOINT');
      return source.conditions.list().some(({code}) => code === 'CDC_SLOT_LOST');
    });
    await source.sql('ALTER SYSTEM RESET max_slot_wal_keep_size');
    await source.sql('SELECT pg_reload_conf()');

    expect(isWarned).toBe(true);
  });

  test('says that it cannot look, and looks again when it can', async () => {
    await using source = await watched(server.port);
    await until('it has looked', () => source.source.status().replicationSlot !== undefined);

    await server.kill();
    const condition = await raised(source, 'CDC_NOT_WATCHED');
    await server.restart();

    expect(condition).toContain('are not watched: source');
    await until('it is over', () => source.conditions.list().length === 0);
  });
});

/** A source that has taken its snapshot of `t` and `u`, and a monitor that looks all the time. */
async function watched(
  onPort: number,
  options: Partial<PostgresSourceOptions> = {},
): Promise<TestSource> {
  const source = await TestSource.create(onPort, {...often, ...options});
  await source.sql('CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY)');
  await source.start();
  return source;
}

/** Its message, once it is raised. */
async function raised(source: TestSource, code: string): Promise<string> {
  const found = () => source.conditions.list().find((condition) => condition.code === code);
  await until(`${code} is raised`, () => found() !== undefined);
  return found()?.message ?? '';
}

function statusOf(source: TestSource): Partial<SlotStatus> {
  return source.source.status().replicationSlot ?? {};
}

async function systemId(source: TestSource): Promise<string> {
  const [row] = await source.sql('SELECT system_identifier::text AS id FROM pg_control_system()');
  return String(row?.['id']);
}

async function lagOf(source: TestSource): Promise<number> {
  const [row] = await source.sql(
    `SELECT pg_current_wal_lsn()::text AS now, confirmed_flush_lsn::text AS confirmed FROM pg_replication_slots WHERE slot_name = '${source.options.slotName}'`,
  );
  return Number(parseLsn(String(row?.['now'])) - parseLsn(String(row?.['confirmed'])));
}
