import {afterEach, beforeEach, describe, expect, inject, test} from 'vitest';
import type {SourceOffset} from '../../../src/cdc/replication-source.ts';
import type {PostgresServer} from '../../support/postgres.ts';
import {rowChanges} from '../../support/postgres-test-source.ts';
import type {TestSource} from '../../support/postgres-test-source.ts';
import {until} from '../../support/until.ts';
import {StandbyPair} from './standby-pair.ts';

describe('PostgresSource with a failover slot', () => {
  let pair: StandbyPair;
  let primary: PostgresServer;
  let standby: PostgresServer;
  let source: TestSource;
  let from: SourceOffset;

  beforeEach(async () => {
    pair = await StandbyPair.start(inject('postgresMajor'));
    ({primary, standby, source} = pair);
    ({from} = await source.start());
  });

  afterEach(() => pair.stop());

  test('goes on with the slot that came along to a promoted standby, and loses nothing', async () => {
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
      const [rows] = await standby.query('SELECT count(*)::int AS n FROM t', source.options.dbname);
      return rows?.['n'] === 1;
    });

    await primary.kill();
    await standby.query('SELECT pg_promote()');
    await standby.query('INSERT INTO t VALUES (2)', source.options.dbname);

    expect(rowChanges(await events).map(({after}) => after?.[0])).toEqual(['1', '2']);
    await until('the source is well', () => source.conditions.list().length === 0);
    expect(source.source.status().replicationSlot).toMatchObject({timeline: 2, failover: true});
  });

  test('stops when Kafka has changes that the promoted standby never received', async () => {
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
  });
});
