import {Client} from 'pg';
import {describe, expect, inject, test} from 'vitest';
import {queryPostgres} from '../../support/postgres.ts';
import {TestSource, rowChanges} from '../../support/postgres-test-source.ts';
import {until} from '../../support/until.ts';

const port = inject('postgresPort');

describe('PostgresSource.transactions', () => {
  test('check 28: keeps the order of changes over the tables of one transaction', async () => {
    await using source = await TestSource.create(port, {
      tableIncludeList: ['public.a', 'public.b'],
    });
    await source.sql(`CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)`);
    const {from} = await source.start();

    await source.sql(`
      BEGIN; INSERT INTO a VALUES (1); INSERT INTO b VALUES (2); INSERT INTO a VALUES (3); DELETE FROM b; COMMIT`);
    const events = await source.events(from, (all) => all.some(({kind}) => kind === 'commit'));

    const shapes = events
      .filter(({kind}) => kind !== 'idle')
      .map((event) =>
        'relation' in event
          ? `${event.kind} ${event.relation.table} ${(event.after ?? event.before)?.text(0)}`
          : event.kind,
      );
    expect(shapes).toEqual([
      'begin',
      'insert a 1',
      'insert b 2',
      'insert a 3',
      'delete b 2',
      'commit',
    ]);
  });

  test('check 29: gives interleaved transactions whole, in commit order, at positions that never go back', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    const [one, two] = await Promise.all([source.client(), source.client()]);

    await one.query('BEGIN; INSERT INTO t VALUES (11)');
    await two.query('BEGIN; INSERT INTO t VALUES (21)');
    await one.query('INSERT INTO t VALUES (12)');
    await two.query('INSERT INTO t VALUES (22); COMMIT');
    await one.query('INSERT INTO t VALUES (13); COMMIT');
    await Promise.all([one.end(), two.end()]);
    const events = await source.events(from, (all) => rowChanges(all).length === 5);

    expect(rowChanges(events).map(({after}) => after?.[0])).toEqual(['21', '22', '11', '12', '13']);
    // The change of 11 is older in the WAL than the commit that it follows.
    const lsns = rowChanges(events).map(({lsn}) => lsn);
    expect(lsns.toSorted(compare)).not.toEqual(lsns);
    const ends = events.flatMap((event) =>
      event.kind === 'commit' || event.kind === 'idle' ? [event.endLsn] : [],
    );
    expect(ends.toSorted(compare)).toEqual(ends);
  });

  test('check 37: gives nothing of what was rolled back, and a prepared transaction when it is committed', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();

    await source.sql('BEGIN; INSERT INTO t VALUES (1); ROLLBACK');
    await source.sql(
      'BEGIN; INSERT INTO t VALUES (2); SAVEPOINT s; INSERT INTO t VALUES (3); ROLLBACK TO s; INSERT INTO t VALUES (4); COMMIT',
    );
    const name = source.options.slotName;
    await source.sql(`BEGIN; INSERT INTO t VALUES (5); PREPARE TRANSACTION '${name}_a'`);
    await source.sql(`BEGIN; INSERT INTO t VALUES (6); PREPARE TRANSACTION '${name}_b'`);
    await source.sql('INSERT INTO t VALUES (7)');
    await source.sql(`ROLLBACK PREPARED '${name}_a'`);
    await source.sql(`COMMIT PREPARED '${name}_b'`);
    const changes = await source.changes(from, 4);

    expect(changes.map(({after}) => after?.[0])).toEqual(['2', '4', '7', '6']);
  });

  test('check 38: follows WAL of other tables and databases with idle positions between transactions', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (v text)');
    const {from} = await source.start();
    await source.sql(`INSERT INTO other SELECT repeat('x', 900) FROM generate_series(1, 20000)`);
    await queryPostgres(
      port,
      `CREATE TABLE ${source.options.slotName} AS SELECT generate_series(1, 50000)`,
      'postgres',
    );
    const [row] = await source.sql(`SELECT pg_current_wal_lsn() - '0/0' AS lsn`);
    const written = BigInt(String(row?.['lsn']));

    const events = await source.events(from, (all) => {
      const last = all.at(-1);
      if (last?.kind !== 'idle') return false;
      source.source.confirm(last.endLsn);
      return last.endLsn >= written;
    });

    expect(written - from.lsn).toBeGreaterThan(18_000_000n);
    await queryPostgres(port, `DROP TABLE ${source.options.slotName}`, 'postgres');
    expect(new Set(events.map(({kind}) => kind))).toEqual(new Set(['idle']));
    await until(
      'the slot has followed',
      async () => ((await source.slot())?.confirmed ?? 0n) >= written,
    );
  });

  test('check 10: sends the old key with an update that changes it, and only the key', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (v text, id int PRIMARY KEY)');
    const {from} = await source.start();

    await source.sql(`INSERT INTO t VALUES ('a', 1); UPDATE t SET id = 2; UPDATE t SET v = 'b'`);
    const changes = await source.changes(from, 3);

    expect(changes.map(({before, after}) => [before, after])).toEqual([
      [undefined, ['a', '1']],
      [
        [undefined, '1'],
        ['a', '2'],
      ],
      [undefined, ['b', '2']],
    ]);
  });

  test('checks 11 and 12: leaves an unchanged TOAST value undefined, and takes it from the old row under FULL', async () => {
    await using source = await TestSource.create(port);
    const long = `(SELECT string_agg(md5(g::text), '') FROM generate_series(1, 400) g)`;
    await source.sql(`CREATE TABLE t (id int PRIMARY KEY, long text, v int)`);
    const {from} = await source.start();

    await source.sql(`INSERT INTO t VALUES (1, ${long}, 0)`);
    await source.sql('UPDATE t SET v = 1');
    await source.sql('ALTER TABLE t REPLICA IDENTITY FULL');
    await source.sql('UPDATE t SET v = 2');
    const [insert, byDefault, full] = await source.changes(from, 3);

    expect(byDefault).toMatchObject({before: undefined, after: ['1', undefined, '1']});
    expect(full?.before).toEqual(['1', insert?.after?.[1], '1']);
    expect(full?.after).toEqual(['1', insert?.after?.[1], '2']);
    expect(full?.relation.replicaIdentity).toBe('full');
  });

  test('check 7: brings the whole old row under FULL, and knows the key', async () => {
    await using source = await TestSource.create(port);
    await source.sql(
      'CREATE TABLE t (id int PRIMARY KEY, v text); ALTER TABLE t REPLICA IDENTITY FULL',
    );
    const {from} = await source.start();

    await source.sql(`INSERT INTO t VALUES (1, 'a'); UPDATE t SET v = NULL; DELETE FROM t`);
    const changes = await source.changes(from, 3);

    expect(changes.map(({before, after}) => [before, after])).toEqual([
      [undefined, ['1', 'a']],
      [
        ['1', 'a'],
        ['1', null],
      ],
      [['1', null], undefined],
    ]);
    expect(changes[0]?.relation.primaryKey).toEqual(['id']);
  });

  test('check 25: gives each change the shape of its own time, and one object per shape', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY, v text NOT NULL)');
    const {from} = await source.start();

    await source.sql(`INSERT INTO t VALUES (1, 'a')`);
    await source.sql(`ALTER TABLE t ADD COLUMN more int`);
    await source.sql(`INSERT INTO t VALUES (2, 'b', 5)`);
    await source.sql(
      `ALTER TABLE t RENAME COLUMN v TO w; ALTER TABLE t ALTER COLUMN w DROP NOT NULL`,
    );
    await source.sql(`INSERT INTO t VALUES (3, 'c', 6)`);
    await source.sql(`ANALYZE t; CREATE INDEX ON t (w)`);
    await source.sql(`INSERT INTO t VALUES (4, NULL, 7)`);
    const changes = await source.changes(from, 4);

    expect(changes.map(({relation}) => relation.columns.map(({name}) => name))).toEqual([
      ['id', 'v'],
      ['id', 'v', 'more'],
      ['id', 'w', 'more'],
      ['id', 'w', 'more'],
    ]);
    expect(changes[3]?.relation).toBe(changes[2]?.relation);
    expect(changes[3]?.relation.columns[1]?.nullable).toBe(true);
    expect(changes.map(({after}) => after)).toEqual([
      ['1', 'a'],
      ['2', 'b', '5'],
      ['3', 'c', '6'],
      ['4', null, '7'],
    ]);
  });

  test('check 27: names the captured tables of a truncate', async () => {
    await using source = await TestSource.create(port, {
      tableIncludeList: ['public.a', 'public.b'],
    });
    await source.sql(
      'CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE c (id int)',
    );
    const {from} = await source.start();

    await source.sql('TRUNCATE a, b, c; INSERT INTO a VALUES (1)');
    const events = await source.events(from, (all) => rowChanges(all).length === 1);

    const truncate = events.find((event) => event.kind === 'truncate');
    expect(truncate?.relations.map(({table}) => table)).toEqual(['a', 'b']);
  });

  test('check 44: leaves out tables that share the publication and were not asked for', async () => {
    await using source = await TestSource.create(port);
    await source.sql(
      'CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY)',
    );
    await source.sql(`CREATE PUBLICATION ${source.options.publicationName} FOR ALL TABLES`);
    const {from} = await source.start();

    await source.sql('BEGIN; INSERT INTO other VALUES (1); INSERT INTO t VALUES (2); COMMIT');
    const changes = await source.changes(from, 1);

    expect(changes.map(({relation, after}) => [relation.table, after?.[0]])).toEqual([['t', '2']]);
  });

  test('check 20: brings names and values of any script through', async () => {
    await using source = await TestSource.create(port, {
      tableIncludeList: ['Schéma "x".Tàble.ü'],
    });
    await source.sql(
      `CREATE SCHEMA "Schéma ""x"""; CREATE TABLE "Schéma ""x"""."Tàble.ü" ("Ключ" text PRIMARY KEY, "日本" text)`,
    );
    const {from} = await source.start();

    const value = `👩‍👩‍👧 é "q" \\ \r\n\t \u2028 '`;
    await source.sql(
      `INSERT INTO "Schéma ""x"""."Tàble.ü" VALUES ('k', ${new Client().escapeLiteral(value)})`,
    );
    const [change] = await source.changes(from, 1);

    expect(change?.relation).toMatchObject({
      schema: 'Schéma "x"',
      table: 'Tàble.ü',
      primaryKey: ['Ключ'],
      columns: [{name: 'Ключ'}, {name: '日本'}],
    });
    expect(change?.after).toEqual(['k', value]);
  });

  test('ends when its signal aborts, also without any traffic', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    const abort = new AbortController();

    const events = source.source.transactions(from, abort.signal)[Symbol.asyncIterator]();
    const next = events.next();
    abort.abort();
    let result = await next;
    while (result.done !== true) result = await events.next();

    expect(result.done).toBe(true);
  });
});

function compare(a: bigint, b: bigint): number {
  return Number(a - b);
}
