import {describe, expect, inject, test} from 'vitest';
import {CapturedDatabase} from '../../support/captured-database.ts';
import type {EventValue} from '../../support/captured-database.ts';

const port = inject('postgresPort');

const table = 'CREATE TABLE t (id int PRIMARY KEY, v text, n int NOT NULL DEFAULT 7)';

/** Operation, key, before and after; a tombstone is its key alone. */
function shape([key, value]: readonly [unknown, EventValue | null]): unknown[] {
  return value === null ? [key] : [value.op, key, value.before, value.after];
}

describe('change events of Postgres', () => {
  test('check 6: bring only the key of the old row under REPLICA IDENTITY DEFAULT', async () => {
    await using database = await CapturedDatabase.start(port, ['public.t'], table);

    await database.sql(`INSERT INTO t VALUES (1, 'a'); UPDATE t SET v = 'b'; DELETE FROM t`);

    expect((await database.events('postgres.public.t')).map(shape)).toEqual([
      ['c', {id: 1}, null, {id: 1, v: 'a', n: 7}],
      ['u', {id: 1}, null, {id: 1, v: 'b', n: 7}],
      ['d', {id: 1}, {id: 1, v: null, n: 0}, null],
      [{id: 1}],
    ]);
  });

  test('check 7: bring the whole old row under REPLICA IDENTITY FULL', async () => {
    await using database = await CapturedDatabase.start(
      port,
      ['public.t'],
      `${table}; ALTER TABLE t REPLICA IDENTITY FULL`,
    );

    await database.sql(`INSERT INTO t VALUES (1, 'a'); UPDATE t SET v = 'b'; DELETE FROM t`);

    expect((await database.events('postgres.public.t')).map(shape)).toEqual([
      ['c', {id: 1}, null, {id: 1, v: 'a', n: 7}],
      ['u', {id: 1}, {id: 1, v: 'a', n: 7}, {id: 1, v: 'b', n: 7}],
      ['d', {id: 1}, {id: 1, v: 'b', n: 7}, null],
      [{id: 1}],
    ]);
  });

  test('check 10: are delete, tombstone and create where the key changes, each with the other key in its header', async () => {
    await using database = await CapturedDatabase.start(
      port,
      ['public.t'],
      'CREATE TABLE t (b int, a text, v int, PRIMARY KEY (a, b))',
    );

    await database.sql(`INSERT INTO t VALUES (1, 'x', 5); UPDATE t SET b = 2`);
    const records = await database.topic('postgres.public.t');

    expect((await database.events('postgres.public.t')).map(shape)).toEqual([
      ['c', {a: 'x', b: 1}, null, {b: 1, a: 'x', v: 5}],
      ['d', {a: 'x', b: 1}, {b: 1, a: 'x', v: null}, null],
      [{a: 'x', b: 1}],
      ['c', {a: 'x', b: 2}, null, {b: 2, a: 'x', v: 5}],
    ]);
    const keys = records.map(({headers}) =>
      ['__debezium.newkey', '__debezium.oldkey'].map((name) => headers[name]?.toString()),
    );
    expect(keys).toEqual([
      [undefined, undefined],
      ['{"a":"x","b":2}', undefined],
      ['{"a":"x","b":2}', undefined],
      [undefined, '{"a":"x","b":1}'],
    ]);
  });

  test('check 10: stay updates where the key is sent and has not changed', async () => {
    await using database = await CapturedDatabase.start(
      port,
      ['public.t'],
      'CREATE TABLE t (id text PRIMARY KEY, v int); ALTER TABLE t ALTER id SET STORAGE EXTERNAL',
    );

    await database.sql(`INSERT INTO t VALUES (repeat('k', 2500), 1); UPDATE t SET v = 2`);

    const key = {id: 'k'.repeat(2500)};
    expect((await database.events('postgres.public.t')).map(shape)).toEqual([
      ['c', key, null, {...key, v: 1}],
      ['u', key, null, {...key, v: 2}],
    ]);
  });

  test('check 8: have no key without one, and the whole old row under REPLICA IDENTITY FULL', async () => {
    await using database = await CapturedDatabase.start(
      port,
      ['public.t'],
      'CREATE TABLE t (v int)',
    );

    await database.sql('INSERT INTO t VALUES (1); ALTER TABLE t REPLICA IDENTITY FULL');
    await database.sql('UPDATE t SET v = 2; DELETE FROM t');

    expect((await database.events('postgres.public.t')).map(shape)).toEqual([
      ['c', null, null, {v: 1}],
      ['u', null, {v: 1}, {v: 2}],
      ['d', null, {v: 2}, null],
      [null],
    ]);
  });

  test('check 9: are keyed by the columns of the replica identity index where the primary key is not in it', async () => {
    await using database = await CapturedDatabase.start(
      port,
      ['public.t'],
      `CREATE TABLE t (id int PRIMARY KEY, code text NOT NULL UNIQUE, v int);
       ALTER TABLE t REPLICA IDENTITY USING INDEX t_code_key; INSERT INTO t VALUES (1, 'c', 1)`,
    );

    await database.sql(
      `UPDATE t SET v = 2; UPDATE t SET id = 2; UPDATE t SET code = 'd'; DELETE FROM t`,
    );

    expect((await database.events('postgres.public.t')).map(shape)).toEqual([
      ['r', {code: 'c'}, null, {id: 1, code: 'c', v: 1}],
      ['u', {code: 'c'}, null, {id: 1, code: 'c', v: 2}],
      ['u', {code: 'c'}, null, {id: 2, code: 'c', v: 2}],
      ['d', {code: 'c'}, {id: 0, code: 'c', v: null}, null],
      [{code: 'c'}],
      ['c', {code: 'd'}, null, {id: 2, code: 'd', v: 2}],
      ['d', {code: 'd'}, {id: 0, code: 'd', v: null}, null],
      [{code: 'd'}],
    ]);
  });

  test('are keyed by a unique index without a primary key: the first by name of those that every row is in', async () => {
    await using database = await CapturedDatabase.start(
      port,
      ['public.t'],
      `CREATE TABLE t (a int, b int NOT NULL, c int NOT NULL, d int NOT NULL);
       CREATE UNIQUE INDEX i1 ON t (a); CREATE UNIQUE INDEX i2 ON t (b) WHERE b > 0;
       CREATE UNIQUE INDEX i3 ON t (d, b) INCLUDE (a); CREATE UNIQUE INDEX i4 ON t (c);
       CREATE UNIQUE INDEX i0 ON t ((b + 1)); INSERT INTO t VALUES (1, 2, 3, 4)`,
    );

    await database.sql('INSERT INTO t VALUES (5, 6, 7, 8)');

    expect((await database.events('postgres.public.t')).map(([key]) => key)).toEqual([
      {d: 4, b: 2},
      {d: 8, b: 6},
    ]);
  });

  test('are keyed by message.key.columns, with zeros for what a delete does not bring', async () => {
    await using database = await CapturedDatabase.start(port, ['public.t'], table, {
      connector: {events: {messageKeyColumns: 'public.t:n,v'}},
    });

    await database.sql(`INSERT INTO t VALUES (1, 'a'); UPDATE t SET v = 'b'; DELETE FROM t`);
    await database.sql(`
      ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (2); UPDATE t SET v = 'c'; DELETE FROM t`);

    expect(
      (await database.events('postgres.public.t')).map(([key, value]) => [value?.op, key]),
    ).toEqual([
      ['c', {n: 7, v: 'a'}],
      ['u', {n: 7, v: 'b'}],
      ['d', {n: 0, v: null}],
      [undefined, {n: 0, v: null}],
      ['c', {n: 7, v: null}],
      ['d', {n: 7, v: null}],
      [undefined, {n: 7, v: null}],
      ['c', {n: 7, v: 'c'}],
      ['d', {n: 7, v: 'c'}],
      [undefined, {n: 7, v: 'c'}],
    ]);
  });

  test.each([
    ['drop', []],
    ['tombstone', [[{id: 1}, null]]],
    ['delete-to-tombstone', [[{id: 1}, null]]],
    ['rewrite', [[{id: 1}, {id: 1, v: null, n: 0, __deleted: 'true'}]]],
    [
      'rewrite-with-tombstone',
      [
        [{id: 1}, {id: 1, v: null, n: 0, __deleted: 'true'}],
        [{id: 1}, null],
      ],
    ],
  ] as const)(
    'check 13: are rows with after.state.only; a delete in mode %s is what ExtractNewRecordState makes of it',
    async (deleteTombstoneHandlingMode, deleted) => {
      await using database = await CapturedDatabase.start(port, ['public.t'], table, {
        connector: {afterStateOnly: true, events: {deleteTombstoneHandlingMode}},
      });

      await database.sql(`INSERT INTO t VALUES (1, 'a'); DELETE FROM t`);
      const [inserted, ...rest] = await database.events('postgres.public.t');

      const added = deleteTombstoneHandlingMode.startsWith('rewrite') ? {__deleted: 'false'} : {};
      expect(inserted).toEqual([{id: 1}, {id: 1, v: 'a', n: 7, ...added}]);
      expect(rest).toEqual(deleted);
    },
  );

  test('check 14: are the old row and the new one where the key of a row changes', async () => {
    await using database = await CapturedDatabase.start(port, ['public.t'], table, {
      connector: {afterStateOnly: true},
    });

    await database.sql(`INSERT INTO t VALUES (1, 'a'); UPDATE t SET id = 2`);

    expect(await database.events('postgres.public.t')).toEqual([
      [{id: 1}, {id: 1, v: 'a', n: 7, __deleted: 'false'}],
      [{id: 1}, {id: 1, v: null, n: 0, __deleted: 'true'}],
      [{id: 1}, null],
      [{id: 2}, {id: 2, v: 'a', n: 7, __deleted: 'false'}],
    ]);
  });

  test('leave tombstones out where tombstones.on.delete says so', async () => {
    await using database = await CapturedDatabase.start(port, ['public.t'], table, {
      connector: {events: {tombstonesOnDelete: false}},
    });

    await database.sql(`INSERT INTO t VALUES (1); DELETE FROM t`);

    const ops = (await database.events('postgres.public.t')).map(([, value]) => value?.op);
    expect(ops).toEqual(['c', 'd']);
  });

  test('leave out the operations of skipped.operations, also the halves of a changed key', async () => {
    await using database = await CapturedDatabase.start(port, ['public.t'], table, {
      connector: {events: {skippedOperations: ['d', 'u']}},
    });

    await database.sql(`
      INSERT INTO t VALUES (1); UPDATE t SET v = 'b'; UPDATE t SET id = 2; DELETE FROM t; TRUNCATE t`);

    expect((await database.events('postgres.public.t')).map(shape)).toEqual([
      ['c', {id: 1}, null, {id: 1, v: null, n: 7}],
      ['c', {id: 2}, null, {id: 2, v: 'b', n: 7}],
      ['t', null, null, null],
    ]);
  });

  test('name the node that their transaction comes from', async () => {
    await using database = await CapturedDatabase.start(port, ['public.t'], table);

    await database.sql(`
      SELECT pg_replication_origin_create('${database.source.options.dbname}');
      SELECT pg_replication_origin_session_setup('${database.source.options.dbname}');
      BEGIN; SELECT pg_replication_origin_xact_setup('0/1F', now()); INSERT INTO t VALUES (1); COMMIT;
      SELECT pg_replication_origin_session_reset();
      INSERT INTO t VALUES (2)`);
    const sources = (await database.events('postgres.public.t')).map(([, value]) => value?.source);
    await database.sql(`SELECT pg_replication_origin_drop('${database.source.options.dbname}')`);

    expect(sources).toMatchObject([
      {origin: database.source.options.dbname, origin_lsn: 31},
      {origin: null, origin_lsn: null},
    ]);
  });

  describe('on TRUNCATE', () => {
    const two = 'CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)';
    const tables = ['public.a', 'public.b'];

    test('check 27: have nothing to say by default, and go on', async () => {
      await using database = await CapturedDatabase.start(port, tables, two);

      await database.sql('TRUNCATE a, b; INSERT INTO a VALUES (1)');

      expect((await database.events('postgres.public.a')).map(shape)).toEqual([
        ['c', {id: 1}, null, {id: 1}],
      ]);
    });

    test('check 27: are one for each table without a key where it is not skipped, and go on', async () => {
      await using database = await CapturedDatabase.start(port, tables, two, {
        connector: {events: {skippedOperations: []}},
      });

      await database.sql('INSERT INTO b VALUES (1); TRUNCATE a, b; INSERT INTO a VALUES (2)');
      const [a, b] = await Promise.all(tables.map((name) => database.events(`postgres.${name}`)));

      expect(a?.map(shape)).toEqual([
        ['t', null, null, null],
        ['c', {id: 2}, null, {id: 2}],
      ]);
      expect(b?.map(shape)).toEqual([
        ['c', {id: 1}, null, {id: 1}],
        ['t', null, null, null],
      ]);
      expect(a?.[0]?.[1]?.source).toMatchObject({
        table: 'a',
        lsn: b?.[1]?.[1]?.source.lsn,
      });
    });

    test('check 27: have no row for it with after.state.only', async () => {
      await using database = await CapturedDatabase.start(port, tables, two, {
        connector: {afterStateOnly: true, events: {skippedOperations: []}},
      });

      await database.sql('TRUNCATE a, b; INSERT INTO a VALUES (1)');

      expect(await database.events('postgres.public.a')).toEqual([
        [{id: 1}, {id: 1, __deleted: 'false'}],
      ]);
    });
  });
});
