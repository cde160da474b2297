import {afterEach, beforeEach, describe, expect, inject, test} from 'vitest';
import type {SourceOffset} from '../../../src/cdc/replication-source.ts';
import {freePort} from '../../support/free-port.ts';
import {PostgresServer} from '../../support/postgres.ts';
import {TestSource, rowChanges} from '../../support/postgres-test-source.ts';
import {until} from '../../support/until.ts';

const major = inject('postgresMajor');
const servers: PostgresServer[] = [];

/** A primary and its standby, which copies slots where Postgres can (17 and later). */
async function pair(): Promise<{primary: PostgresServer; standby: PostgresServer}> {
  const primary = await PostgresServer.start({major, settings: {wal_sender_timeout: '5s'}});
  servers.push(primary);
  await primary.query(`SELECT pg_create_physical_replication_slot('standby')`);
  const standby = await primary.standby({
    primary_slot_name: 'standby',
    hot_standby_feedback: 'on',
    ...(major >= 17 && {sync_replication_slots: 'on'}),
  });
  servers.push(standby);
  return {primary, standby};
}

afterEach(async () => {
  for (const server of servers.splice(0).toReversed()) await server.stop();
});

describe('PostgresSource with several hosts', () => {
  let primary: PostgresServer;
  let standby: PostgresServer;
  let source: TestSource;
  let from: SourceOffset;

  beforeEach(async () => {
    ({primary, standby} = await pair());
    source = await TestSource.create(primary.port, {
      // The first is a standby, the second nobody.
      hostname: `127.0.0.1:${standby.port},127.0.0.1:${await freePort()},127.0.0.1`,
      slot: {failover: true, monitorIntervalMs: 20},
    });
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    ({from} = await source.start());
  });

  afterEach(() => source.close());

  test('takes the one that is not a standby', async () => {
    await source.sql('INSERT INTO t VALUES (1)');

    expect(await source.changes(from, 1)).toHaveLength(1);
  });

  test('names every host and what is wrong with it while none is a primary', async () => {
    await primary.kill();

    await expect(source.open(from)).rejects.toMatchObject({
      name: 'RetriableError',
      code: 'CDC_CONNECTION_FAILED',
      message: expect.stringMatching(
        /none of the hosts is a primary \(127\.0\.0\.1:\d+ is a standby; 127\.0\.0\.1:\d+: connect ECONNREFUSED.*; 127\.0\.0\.1:\d+: connect ECONNREFUSED/,
      ),
    });
  });

  test.runIf(major >= 17)(
    'goes on with the slot that came along to a promoted standby, and loses nothing',
    async () => {
      const events = source.events(from, (all) => {
        const last = all.at(-1);
        if (last?.kind === 'idle' || last?.kind === 'commit') source.source.confirm(last.endLsn);
        return rowChanges(all).length === 2;
      });
      await source.sql('INSERT INTO t VALUES (1)');
      await until('the standby has the slot and the row', async () => {
        // The copy is kept once the slot has moved on, which it does where Postgres logs what is running.
        await primary.query('SELECT pg_log_standby_snapshot()');
        const [row] = await standby.query(
          `SELECT synced AND NOT temporary AS ready FROM pg_replication_slots WHERE slot_name = '${source.options.slotName}'`,
        );
        // Until then it may not even have the database.
        if (row?.['ready'] !== true) return false;
        const [rows] = await standby.query(
          'SELECT count(*)::int AS n FROM t',
          source.options.dbname,
        );
        return rows?.['n'] === 1;
      });

      await primary.kill();
      await standby.query('SELECT pg_promote()');
      await standby.query('INSERT INTO t VALUES (2)', source.options.dbname);

      expect(rowChanges(await events).map(({after}) => after?.[0])).toEqual(['1', '2']);
      await until('the source is well', () => source.conditions.list().length === 0);
      expect(source.source.status().replicationSlot).toMatchObject({timeline: 2, failover: true});
    },
  );

  test.runIf(major < 17)('stops when the promoted standby has no slot', async () => {
    const ended = source.events(from, () => false).catch((error: unknown) => error);
    await until('it streams', async () => (await source.slot())?.pid !== null);

    await primary.kill();
    await standby.query('SELECT pg_promote()');

    expect(await ended).toMatchObject({code: 'CDC_SLOT_LOST'});
  });

  test.runIf(major >= 17)(
    'stops when Kafka has changes that the promoted standby never received',
    async () => {
      const {slotName, dbname} = source.options;
      await until('the standby has the slot', async () => {
        const [row] = await standby.query(
          `SELECT synced AND NOT temporary AS ready FROM pg_replication_slots WHERE slot_name = '${slotName}'`,
        );
        return row?.['ready'] === true;
      });
      await standby.kill();
      let durable = from;
      await source.sql('INSERT INTO t SELECT generate_series(1, 1000)');
      await source.events(from, (all) => {
        const last = all.findLast(({kind}) => kind === 'commit');
        if (last?.kind === 'commit') durable = {...from, lsn: last.endLsn};
        return last !== undefined;
      });
      const {timeline} = source.source.status();
      await primary.kill();
      await standby.restart({primary_conninfo: ''});
      await standby.query('SELECT pg_promote()');

      const opened = source.open(durable);

      await expect(opened).rejects.toMatchObject({
        name: 'FatalError',
        code: 'CDC_TIMELINE_SWITCHED',
        message: expect.stringContaining('that it never received'),
      });
      // Beyond what Kafka has, the server looks as if nothing was wrong.
      await standby.query('INSERT INTO t SELECT generate_series(1, 9000)', dbname);
      await expect(source.open(durable)).rejects.toMatchObject({code: 'CDC_TIMELINE_SWITCHED'});
      // A new process knows the timeline from the durable offset.
      await source.restart();
      await expect(source.open({...durable, timeline})).rejects.toMatchObject({
        code: 'CDC_TIMELINE_SWITCHED',
      });
    },
  );
});
