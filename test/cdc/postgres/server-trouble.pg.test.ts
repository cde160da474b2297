import {afterAll, beforeAll, describe, expect, inject, test} from 'vitest';
import {formatLsn} from '../../../src/cdc/postgres/lsn.ts';
import {PostgresServer} from '../../support/postgres.ts';
import {TestSource, rowChanges} from '../../support/postgres-test-source.ts';
import {until} from '../../support/until.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await PostgresServer.start({
    major: inject('postgresMajor'),
    settings: {wal_sender_timeout: '2s', max_wal_size: '64MB', min_wal_size: '32MB'},
  });
});

afterAll(() => server.stop());

describe('PostgresSource on a server in trouble', () => {
  // Every time of it follows from wal_sender_timeout (stream/liveness.ts): the server ends a connection after that, and
  // reports go out three times as often. With 2 s a block of 4.5 s is what one of 135 s is with the default of 60 s; that
  // reports are then due every 10 s, not 20, gives the real server more room.
  test('check 34: keeps the connection while its consumer is blocked for longer than wal_sender_timeout, and confirms nothing', async () => {
    await using source = await TestSource.create(server.port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY, v text)');
    const {from} = await source.start();
    await source.sql(`INSERT INTO t SELECT g, repeat('x', 1000) FROM generate_series(1, 40000) g`);
    const stream = source.source.transactions(from, source.signal)[Symbol.asyncIterator]();

    let count = rowChanges((await stream.next()).value ?? []).length;
    const pid = (await source.slot())?.pid;
    const started = performance.now();
    await until(
      'more than twice wal_sender_timeout is over',
      () => performance.now() - started > 4_500,
    );
    const blocked = await source.slot();
    const buffered = rowChanges((await stream.next()).value ?? []).length;
    count += buffered;
    while (count < 40_000) count += rowChanges((await stream.next()).value ?? []).length;
    await stream.return?.(undefined);

    expect(pid).toBeTypeOf('number');
    expect(blocked).toEqual({pid, confirmed: from.lsn});
    // About an eighth of a megabyte waits for the consumer, of forty.
    expect(buffered).toBeGreaterThan(60);
    expect(buffered).toBeLessThan(400);
    expect(count).toBe(40_000);
    expect(source.conditions.list()).toEqual([]);
  });

  test('stays connected while nothing happens for longer than the silence that it takes for death', async () => {
    await using source = await TestSource.create(server.port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    const changes = source.changes(from, 1);
    await until('it streams', async () => (await source.slot())?.pid !== null);
    const pid = (await source.slot())?.pid;

    const started = performance.now();
    await until(
      'more than twice wal_sender_timeout is over',
      () => performance.now() - started > 4_500,
    );
    const after = await source.slot();
    await source.sql('INSERT INTO t VALUES (1)');
    await changes;

    expect(after?.pid).toBe(pid);
  });

  test('check 46: finds a dead connection by its silence, and goes on when the server is back', async () => {
    await using source = await TestSource.create(server.port, {timeouts: {silenceMs: 1_500}});
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    const changes = source.changes(from, 1);
    await until('it streams', async () => (await source.slot())?.pid !== null);
    const pid = (await source.slot())?.pid;

    server.freeze(true);
    const lost = () => source.conditions.list().find(({code}) => code === 'CDC_CONNECTION_FAILED');
    await until('the silence is noticed', () => lost() !== undefined);
    const condition = lost();
    server.freeze(false);
    await until('another walsender serves it', async () => {
      const now = (await source.slot())?.pid;
      return now !== null && now !== pid;
    });
    await source.sql('INSERT INTO t VALUES (1)');

    expect(condition?.message).toContain('silent');
    expect(await changes).toHaveLength(1);
    await until('the source is well', () => source.conditions.list().length === 0);
  });

  test('check 46: goes on after a crash of the server', async () => {
    await using source = await TestSource.create(server.port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    const changes = source.changes(from, 2);
    await source.sql('INSERT INTO t VALUES (1)');
    await until('it streams', async () => (await source.slot())?.pid !== null);

    await server.kill();
    await until('the loss is noticed', () => source.conditions.list().length > 0);
    await server.restart();
    await source.sql('INSERT INTO t VALUES (2)');

    expect((await changes).map(({after}) => after?.[0])).toEqual(['1', '2']);
    // The monitor may have looked just then, and tells so until its next look.
    await until('the source is well', () => source.conditions.list().length === 0);
  });

  test('does not hold up a server that shuts down, once what it sent is confirmed', async () => {
    await using source = await TestSource.create(server.port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    const changes = source.events(from, (all) => {
      const last = all.at(-1);
      if (last?.kind === 'idle' || last?.kind === 'commit') source.source.confirm(last.endLsn);
      return rowChanges(all).length === 2;
    });
    await source.sql('INSERT INTO t VALUES (1)');
    await until('it streams', async () => (await source.slot())?.pid !== null);

    const started = performance.now();
    await server.restart();
    const took = performance.now() - started;
    await source.sql('INSERT INTO t VALUES (2)');
    await changes;

    expect(took).toBeLessThan(5_000);
  });

  test('check 42: stops when the server has removed WAL that the slot needed', async () => {
    await using source = await TestSource.create(server.port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (v text)');
    const {from} = await source.start();

    await source.sql(`ALTER SYSTEM SET max_slot_wal_keep_size = '16MB'`);
    await source.sql('SELECT pg_reload_conf()');
    await until('the slot is lost', async () => {
      await source.sql(`INSERT INTO other SELECT repeat('x', 900) FROM generate_series(1, 20000)`);
      await source.sql('SELECT pg_switch_wal()');
      await source.sql('CHECKPOINT');
      const [row] = await source.sql(
        `SELECT wal_status FROM pg_replication_slots WHERE slot_name = '${source.options.slotName}'`,
      );
      return row?.['wal_status'] === 'lost';
    });
    await source.sql('ALTER SYSTEM RESET max_slot_wal_keep_size');
    await source.sql('SELECT pg_reload_conf()');

    const error = {
      code: 'CDC_SLOT_LOST',
      message: expect.stringContaining(`WAL after ${formatLsn(from.lsn)} is gone`),
    };
    await expect(source.open(from)).rejects.toMatchObject(error);
    await expect(source.events(from, () => true)).rejects.toMatchObject(error);
  });
});
