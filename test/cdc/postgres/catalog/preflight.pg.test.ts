import {describe, expect, inject, test} from 'vitest';
import {PostgresServer} from '../../../support/postgres.ts';
import {serverPort} from '../../../support/server-port.ts';
import {TestSource} from '../../../support/postgres-test-source.ts';
import {until} from '../../../support/until.ts';
import {failing, failureOf} from '../failing.ts';
import type {PostgresSourceOptions} from '../../../../src/cdc/postgres/postgres-source-options.ts';

const port = inject('postgresPort');

/** Each line: what an operator has done wrong, with the code and the remedy that the error must name. */
describe('PostgresSource.open', () => {
  test('check 45: says that wal_level is too low', async () => {
    const server = await PostgresServer.start({
      major: inject('postgresMajor'),
      settings: {wal_level: 'replica'},
    });
    const source = await TestSource.create(server.port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');

    const opened = source.open();

    expect(await failureOf(opened)).toEqual(
      failing('CDC_WAL_LEVEL', 'ALTER SYSTEM SET wal_level = logical and restart'),
    );
    await source.close();
    await server.stop();
  });

  test('check 45: says that nothing listens, after a bounded time', async () => {
    const nobody = await serverPort();

    const opened = openWith({port: nobody, timeouts: {startMs: 300}});

    expect(await failureOf(opened)).toEqual(failing('CDC_CONNECTION_FAILED', 'cannot be reached'));
  });

  test('check 45: says that the password is wrong, and does not retry', async () => {
    await using source = await TestSource.create(port);
    const server = await PostgresServer.start({
      major: inject('postgresMajor'),
      authentication: 'scram-sha-256',
    });

    const opened = openWith({
      ...source.options,
      port: server.port,
      dbname: 'postgres',
      password: 'wrong',
    });

    expect(await failureOf(opened)).toEqual(
      failing('CDC_AUTHENTICATION_FAILED', 'check database.user and database.password'),
    );
    await server.stop();
  });

  test('check 45: says that the database does not exist', async () => {
    const opened = openWith({dbname: 'nowhere'});

    expect(await failureOf(opened)).toEqual(
      failing('CDC_DATABASE_MISSING', 'has no database nowhere; check database.dbname'),
    );
  });

  test('check 45: says that the server does not speak TLS', async () => {
    const opened = openWith({sslmode: 'require'});

    expect(await failureOf(opened)).toEqual(
      failing('CDC_TLS_FAILED', 'or set database.sslmode: disable'),
    );
  });

  test('check 45: says that the role lacks REPLICATION, then SELECT, then the publication, with the SQL that grants it', async () => {
    await using source = await TestSource.create(port);
    const user = source.options.dbname;
    await source.sql(`CREATE ROLE ${user} LOGIN; CREATE TABLE t (id int PRIMARY KEY)`);
    try {
      expect(await failureOf(openWith({...source.options, user}))).toEqual(
        failing('CDC_PERMISSION_DENIED', 'run GRANT SELECT ON "public"."t"'),
      );
      await source.sql(`GRANT SELECT ON t TO ${user}`);
      expect(await failureOf(openWith({...source.options, user}))).toEqual(
        failing('CDC_PERMISSION_DENIED', `run ALTER ROLE "${user}" REPLICATION`),
      );
      await source.sql(`ALTER ROLE ${user} REPLICATION`);
      expect(await failureOf(openWith({...source.options, user}))).toEqual(
        failing('CDC_PERMISSION_DENIED', 'CREATE PUBLICATION'),
      );
      await source.sql(`CREATE PUBLICATION ${source.options.publicationName} FOR TABLE t`);
      expect(await openWith({...source.options, user})).toMatchObject({kind: 'snapshot'});
    } finally {
      await source.sql(`DROP OWNED BY ${user}; DROP ROLE ${user}`);
    }
  });

  test('check 45: stops where the filters match no table, and names those that match nothing', async () => {
    await using source = await TestSource.create(port, {
      tableIncludeList: ['public.gone', 'no.where'],
    });
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');

    expect(await failureOf(source.open())).toEqual(
      failing('CDC_TABLE_MISSING', 'nothing matches public.gone, no.where of table.include.list'),
    );
  });

  test('check 45: refuses a view', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE VIEW t AS SELECT 1 AS id');

    expect(await failureOf(source.open())).toEqual(
      failing('CDC_TABLE_MISSING', 'public.t cannot be captured: views have no changes'),
    );
  });

  test('check 45: says that the slot name is not allowed', async () => {
    await using source = await TestSource.create(port, {slotName: 'No-Slot'});
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');

    expect(await failureOf(source.open())).toEqual(
      failing('CONFIG_INVALID', 'lower-case letters, digits and _'),
    );
  });

  test('check 45: says that no slot is free', async () => {
    const server = await PostgresServer.start({
      major: inject('postgresMajor'),
      settings: {max_replication_slots: '1'},
    });
    const source = await TestSource.create(server.port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    await source.sql(`SELECT pg_create_logical_replication_slot('taken', 'pgoutput')`);

    expect(await failureOf(source.open())).toEqual(
      failing('CDC_SLOT_BLOCKED', 'raise max_replication_slots'),
    );
    await source.close();
    await server.stop();
  });

  test('check 8: warns of tables whose updates Postgres refuses, by name and with the remedy, until they are in order', async () => {
    await using source = await TestSource.create(port, {
      tableIncludeList: ['public.t', 'public.n'],
    });
    await source.sql('CREATE TABLE t (id int); CREATE TABLE n (id int PRIMARY KEY)');
    await source.sql('ALTER TABLE n REPLICA IDENTITY NOTHING');

    const {from} = await source.start();
    const subject = `source ${source.options.name} public`;
    expect(source.conditions.list()).toMatchObject([
      {
        code: 'CDC_TABLE_WITHOUT_KEY',
        severity: 'warning',
        subject: `${subject}.t`,
        message: expect.stringMatching(
          /public\.t has no primary key.* ALTER TABLE "public"\."t" ADD PRIMARY KEY .*REPLICA IDENTITY FULL/,
        ) as string,
      },
      {
        subject: `${subject}.n`,
        message: expect.stringContaining(
          'ALTER TABLE "public"."n" REPLICA IDENTITY DEFAULT',
        ) as string,
      },
    ]);

    await source.sql('INSERT INTO t VALUES (1)');
    await expect(source.sql('UPDATE t SET id = 2')).rejects.toMatchObject({code: '55000'});
    await source.sql('ALTER TABLE t REPLICA IDENTITY FULL; UPDATE t SET id = 2; DELETE FROM t');
    const changes = await source.changes(from, 3);
    expect(changes.map(({kind, before, after}) => [kind, before, after])).toEqual([
      ['insert', undefined, ['1']],
      ['update', ['1'], ['2']],
      ['delete', ['2'], undefined],
    ]);
    expect(source.conditions.list()).toMatchObject([{subject: `${subject}.n`}]);
  });

  test('check 8: names a table that loses its key while it is captured, until it has one again', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    const codes = (): readonly string[] => source.conditions.list().map(({code}) => code);
    const atStart = codes();

    const changes = source.changes(from, 2);
    await source.sql('ALTER TABLE t DROP CONSTRAINT t_pkey; INSERT INTO t VALUES (1)');
    await until('it is told', () => codes().includes('CDC_TABLE_WITHOUT_KEY'));
    await source.sql('ALTER TABLE t ADD PRIMARY KEY (id); INSERT INTO t VALUES (2)');
    await changes;

    expect(atStart).toEqual([]);
    expect(codes()).toEqual([]);
  });

  test('check 9: gives the columns of the identity index as the old key', async () => {
    await using source = await TestSource.create(port);
    await source.sql(`
      CREATE TABLE t (id int PRIMARY KEY, code text NOT NULL UNIQUE);
      ALTER TABLE t REPLICA IDENTITY USING INDEX t_code_key`);
    const {from} = await source.start();

    await source.sql(`INSERT INTO t VALUES (1, 'a'); DELETE FROM t`);
    const changes = await source.changes(from, 2);

    expect(changes[1]?.before).toEqual([undefined, 'a']);
    expect(changes[1]?.relation.replicaIdentity).toBe('index');
  });

  test('check 43: stops when its publication was dropped while it was stopped', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();

    await source.sql(`DROP PUBLICATION ${source.options.publicationName}`);

    expect(await failureOf(source.open(from))).toEqual(
      failing('CDC_PUBLICATION_INVALID', 'snapshot.mode: when_needed'),
    );
  });

  test('check 43: stops when its publication is dropped while it runs, instead of leaving changes out', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    const failure = failureOf(source.changes(from, 2));

    await source.sql('INSERT INTO t VALUES (1)');
    await source.sql(`DROP PUBLICATION ${source.options.publicationName}`);
    await source.sql('INSERT INTO t VALUES (2)');

    expect(await failure).toEqual(failing('CDC_PUBLICATION_INVALID', 'snapshot.mode: when_needed'));
  });

  test('check 43: stops when changes were written while the publication was gone', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();

    await source.sql(`DROP PUBLICATION ${source.options.publicationName}`);
    await source.sql('INSERT INTO t VALUES (1)');
    await source.sql(`CREATE PUBLICATION ${source.options.publicationName} FOR TABLE t`);
    await source.open(from);

    expect(await failureOf(source.changes(from, 1))).toEqual(
      failing('CDC_PUBLICATION_INVALID', 'snapshot.mode: when_needed'),
    );
  });

  test('check 44: publishes the tables of the include list, no more and no fewer', async () => {
    await using source = await TestSource.create(port, {
      tableIncludeList: ['public.t', 'public.u'],
    });
    await source.sql(`
      CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE w (id int PRIMARY KEY);
      CREATE PUBLICATION ${source.options.publicationName} FOR TABLE t (id) WHERE (id > 5), w WITH (publish = 'insert')`);

    await source.open();

    const rows = await source.sql(
      `SELECT tablename, attnames::text, rowfilter FROM pg_publication_tables ORDER BY tablename`,
    );
    expect(rows).toEqual([
      {tablename: 't', attnames: '{id,v}', rowfilter: null},
      {tablename: 'u', attnames: '{id}', rowfilter: null},
    ]);
    const [operations] = await source.sql(
      'SELECT pubupdate AND pubdelete AND pubtruncate AS all FROM pg_publication',
    );
    expect(operations?.['all']).toBe(true);
  });
});

async function openWith(options: Partial<PostgresSourceOptions>): Promise<unknown> {
  const source = TestSource.of({
    name: 'camel',
    hostname: '127.0.0.1',
    port,
    dbname: 'postgres',
    user: 'postgres',
    password: '',
    sslmode: 'disable',
    slotName: 'camel',
    publicationName: 'camel',
    tableIncludeList: ['public.t'],
    snapshotMode: 'initial',
    ...options,
  });
  try {
    return await source.open();
  } finally {
    await source.close();
  }
}
