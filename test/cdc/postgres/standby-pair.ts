import {serverPort} from '../../support/server-port.ts';
import {PostgresServer} from '../../support/postgres.ts';
import type {PostgresMajor} from '../../support/postgres.ts';
import {TestSource} from '../../support/postgres-test-source.ts';
import {until} from '../../support/until.ts';

/** A primary, its standby, which copies slots where Postgres can (17 and later), and a source that knows both. */
export class StandbyPair {
  readonly primary: PostgresServer;
  readonly standby: PostgresServer;
  readonly source: TestSource;

  private constructor(primary: PostgresServer, standby: PostgresServer, source: TestSource) {
    this.primary = primary;
    this.standby = standby;
    this.source = source;
  }

  static async start(major: PostgresMajor): Promise<StandbyPair> {
    const primary = await PostgresServer.start({major, settings: {wal_sender_timeout: '5s'}});
    await primary.query(`SELECT pg_create_physical_replication_slot('standby')`);
    const standby = await primary.standby({
      primary_slot_name: 'standby',
      hot_standby_feedback: 'on',
      ...(major >= 17 && {sync_replication_slots: 'on'}),
    });
    const source = await TestSource.create(primary.port, {
      // The first is a standby, the second nobody.
      hostname: `127.0.0.1:${standby.port},127.0.0.1:${await serverPort()},127.0.0.1`,
      slot: {failover: true, monitorIntervalMs: 20},
    });
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    // One that lags answers that there is no such database.
    await until('the standby has the database and the table', async () => {
      const [row] = await primary.query('SELECT pg_current_wal_lsn() AS lsn');
      const [replayed] = await standby.query(
        `SELECT pg_last_wal_replay_lsn() >= '${String(row?.['lsn'])}' AS done`,
      );
      return replayed?.['done'] === true;
    });
    return new StandbyPair(primary, standby, source);
  }

  async stop(): Promise<void> {
    await this.source.close();
    await this.standby.stop();
    await this.primary.stop();
  }
}
