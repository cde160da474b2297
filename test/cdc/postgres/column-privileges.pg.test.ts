import {afterEach, beforeEach, describe, expect, inject, test} from 'vitest';
import {messageOf} from '../../../src/common/errors.ts';
import {emitSignal} from '../../../src/cdc/postgres/emit-signal.ts';
import {lockReadable} from '../../../src/cdc/postgres/snapshot/open-snapshot.ts';
import type {PostgresSourceOptions} from '../../../src/cdc/postgres/postgres-source-options.ts';
import {CapturedDatabase} from '../../support/captured-database.ts';
import {TestSource} from '../../support/postgres-test-source.ts';
import {queryPostgres} from '../../support/postgres.ts';
import {until} from '../../support/until.ts';

const port = inject('postgresPort');
const role = `reader_${process.pid}_${Date.now().toString(36)}`;
const setUp = `
  CREATE TABLE t (id int PRIMARY KEY, v text, secret text);
  INSERT INTO t SELECT g, 'v' || g, 'hush' FROM generate_series(1, 3) g;
  CREATE PUBLICATION p FOR TABLE t`;
const options: Partial<PostgresSourceOptions> = {
  user: role,
  publicationName: 'p',
  publicationMode: 'disabled',
  columnExcludeList: ['public\\.t\\.secret'],
};

beforeEach(async () => {
  await queryPostgres(port, `CREATE ROLE ${role} LOGIN REPLICATION`, 'postgres');
});

afterEach(async () => {
  await queryPostgres(port, `DROP ROLE ${role}`, 'postgres');
});

describe('PostgresSource of a user who may read some columns', () => {
  test('reads and streams the columns that are captured, in each kind of snapshot', async () => {
    await using database = await CapturedDatabase.start(
      port,
      ['public.t'],
      `${setUp}; GRANT SELECT (id, v) ON t TO ${role}`,
      {source: options},
    );
    const written = async (): Promise<unknown[]> =>
      (await database.events('postgres.public.t')).map(([, event]) => [event?.op, event?.after]);

    await database.sql(`INSERT INTO t VALUES (4, 'v4', 'hush')`);
    await until('it is streamed', async () => (await written()).length === 4);
    await emitSignal(database.source.options, {
      id: 's',
      type: 'execute-snapshot',
      data: {'data-collections': ['public.t']},
    });
    await until('it is read again', async () => (await written()).length === 8);

    expect(await written()).toEqual([
      ...[1, 2, 3].map((id) => ['r', {id, v: `v${id}`}]),
      ['c', {id: 4, v: 'v4'}],
      ...[1, 2, 3, 4].map((id) => ['r', {id, v: `v${id}`}]),
    ]);
    expect(database.run.conditions.list()).toEqual([]);
  });

  test('names the columns that are missing, with the statement that grants them', async () => {
    await using source = await TestSource.create(port, options);
    await source.sql(`${setUp}; GRANT SELECT (id) ON t TO ${role}`);
    const message = /user \S+ may not read v of public\.t; run (GRANT .*)$/;

    await expect(source.open()).rejects.toMatchObject({
      code: 'CDC_PERMISSION_DENIED',
      message: expect.stringMatching(message) as string,
    });
    const refusal = await source.open().then(() => '', messageOf);
    await source.sql(message.exec(refusal)?.[1] ?? '');

    expect((await source.open()).kind).toBe('snapshot');
    expect(await source.snapshotRows()).toEqual([1, 2, 3].map((id) => [`${id}`, `v${id}`, null]));
  });
});

describe('lockReadable', () => {
  test('refuses a table that was rewritten since the snapshot, in which it would be empty', async () => {
    await using source = await TestSource.create(port);
    await source.sql(setUp);
    const reader = await source.client();
    const [row] = await source.sql(`SELECT 't'::regclass::oid::int AS oid`);
    const relation = {
      oid: Number(row?.['oid']),
      schema: 'public',
      table: 't',
      columns: [{name: 'id', typeOid: 23, typeModifier: -1, typeName: 'int4', nullable: false}],
      primaryKey: ['id'],
      replicaIdentity: 'default',
    } as const;
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
    await lockReadable([reader], 'source camel', [relation], 1_000);
    await reader.query('COMMIT; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');

    await source.sql('ALTER TABLE t ALTER COLUMN id TYPE bigint');

    await expect(lockReadable([reader], 'source camel', [relation], 1_000)).rejects.toMatchObject({
      name: 'RetriableError',
      message:
        'source camel: t was rewritten by another session while the snapshot began; it is taken again',
    });
    await reader.end();
  });
});
