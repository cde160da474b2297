import {afterAll, beforeAll, describe, expect, inject, test} from 'vitest';
import {PostgresServer} from '../../support/postgres.ts';
import {TestSource} from '../../support/postgres-test-source.ts';
import {until} from '../../support/until.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.start({
    major: inject('postgresMajor'),
    // A session that wants its commits confirmed waits: they are in the WAL, and nobody sees them.
    settings: {synchronous_standby_names: 'nobody', synchronous_commit: 'local'},
  });
});
afterAll(() => server.stop());

describe('a commit that is in the WAL before other sessions see it', () => {
  test('check 25: is described with what it did to the catalog', async () => {
    await using source = await TestSource.create(server.port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    const client = await source.client();
    await client.query('SET synchronous_commit = on');

    const changes = source.changes(from, 1);
    const committed = client.query(`
      BEGIN; CREATE TYPE mood AS ENUM ('sad', 'glad');
      ALTER TABLE t DROP CONSTRAINT t_pkey, ADD COLUMN m mood; INSERT INTO t VALUES (1, 'glad'); COMMIT`);
    const asked = until('the source has asked whether it is visible', async () => {
      const asking = await source.sql(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_xact_status(%'`,
      );
      return asking.length > 0;
    });
    await Promise.race([asked, changes]);
    const [waiting] = await source.sql(
      `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
    );
    await committed;
    const [change] = await changes;
    await client.end();

    expect(waiting).toEqual({pg_cancel_backend: true});
    expect(change?.after).toEqual(['1', 'glad']);
    expect(change?.relation.columns).toMatchObject([
      {name: 'id', typeName: 'int4'},
      {name: 'm', typeName: 'public.mood', enumLabels: ['sad', 'glad']},
    ]);
    expect(change?.relation.primaryKey).toEqual([]);
    expect(source.conditions.list()).toMatchObject([{code: 'CDC_TABLE_WITHOUT_KEY'}]);
  });
});
