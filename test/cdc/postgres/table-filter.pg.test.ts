import {describe, expect, inject, test} from 'vitest';
import {TestSource} from '../../support/postgres-test-source.ts';
import {failureOf, failing} from './failing.ts';
import {textsOf} from '../../support/tuple.ts';

const port = inject('postgresPort');

describe('PostgresSource with filters', () => {
  test('check 44: publishes and reads what its expressions match, and knows what that is', async () => {
    await using source = await TestSource.create(port, {
      tableIncludeList: ['shop\\.order.*', 'public.t'],
      schemaExcludeList: ['stock'],
    });
    await source.sql(`
      CREATE SCHEMA shop; CREATE SCHEMA stock;
      CREATE TABLE shop.orders (id int PRIMARY KEY); CREATE TABLE shop.order_lines (id int PRIMARY KEY);
      CREATE TABLE shop.other (id int PRIMARY KEY); CREATE TABLE stock.orders (id int PRIMARY KEY);
      CREATE TABLE t (id int PRIMARY KEY)`);

    const {tables} = await source.open();

    expect(tables).toEqual(['shop.order_lines', 'shop.orders', 'public.t']);
    expect(
      await source.sql(
        `SELECT schemaname || '.' || tablename AS name FROM pg_publication_tables ORDER BY 1`,
      ),
    ).toEqual([{name: 'public.t'}, {name: 'shop.order_lines'}, {name: 'shop.orders'}]);
    expect((await source.snapshot()).map(({relation}) => relation.table)).toEqual([
      'order_lines',
      'orders',
      't',
    ]);
  });

  test('check 44: streams a table that joins the list, from then on, and says that it is new', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY)');
    const {from, tables} = await source.start();
    await source.sql('INSERT INTO u VALUES (1); INSERT INTO t VALUES (2)');

    await source.restart({tableIncludeList: ['public.[tu]']});
    const again = await source.open(from);
    await source.sql('INSERT INTO u VALUES (3)');
    const changes = await source.changes(from, 2);

    expect([tables, again.tables]).toEqual([['public.t'], ['public.t', 'public.u']]);
    expect(changes.map(({relation, after}) => [relation.table, after?.[0]])).toEqual([
      ['t', '2'],
      ['u', '3'],
    ]);
  });

  test('check 44: streams nothing of a table that has left the list', async () => {
    await using source = await TestSource.create(port, {tableIncludeList: ['public.[tu]']});
    await source.sql('CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY)');
    const {from} = await source.start();
    await source.sql('INSERT INTO u VALUES (1)');

    await source.restart({tableIncludeList: ['public.t']});
    await source.open(from);
    await source.sql('INSERT INTO u VALUES (2); INSERT INTO t VALUES (3)');
    const changes = await source.changes(from, 1);

    expect(changes.map(({relation, after}) => [relation.table, after?.[0]])).toEqual([['t', '3']]);
  });

  test('check 44: leaves what a publication of somebody else does not have, until it has it', async () => {
    await using source = await TestSource.create(port, {
      tableIncludeList: ['public.[tu]'],
      publicationMode: 'disabled',
    });
    const publication = source.options.publicationName;
    await source.sql(`
      CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY);
      CREATE PUBLICATION ${publication} FOR TABLE t; INSERT INTO u VALUES (1)`);
    const first = await source.open();
    const batches = await source.snapshot();

    await source.sql(`ALTER PUBLICATION ${publication} ADD TABLE u; INSERT INTO u VALUES (2)`);
    await source.restart();
    const again = await source.open(first.from);
    const changes = await source.changes(first.from, 1);

    expect(first.tables).toEqual(['public.t']);
    expect(batches.map(({relation}) => relation.table)).toEqual(['t']);
    expect(again.tables).toEqual(['public.t', 'public.u']);
    expect(changes.map(({after}) => after)).toEqual([['2']]);
  });

  test('captures tables that are created in mid-stream from their first row with all_tables', async () => {
    await using source = await TestSource.create(port, {
      tableIncludeList: ['public.t.*'],
      publicationMode: 'all_tables',
    });
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    const changes = source.changes(from, 3);

    await source.sql('INSERT INTO t VALUES (1)');
    await source.sql(`
      CREATE TABLE t_new (id int PRIMARY KEY, v text); INSERT INTO t_new VALUES (2, 'first');
      CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other VALUES (3)`);
    await source.sql('INSERT INTO t VALUES (4)');

    expect((await changes).map(({relation, after}) => [relation.table, after])).toEqual([
      ['t', ['1']],
      ['t_new', ['2', 'first']],
      ['t', ['4']],
    ]);
  });

  test('starts with nothing where no_tables publishes nothing yet', async () => {
    await using source = await TestSource.create(port, {publicationMode: 'no_tables'});
    await source.sql('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');

    const {from, tables} = await source.open();
    const batches = await source.snapshot();
    await source.sql(`
      ALTER PUBLICATION ${source.options.publicationName} ADD TABLE t; INSERT INTO t VALUES (2)`);
    const changes = await source.changes(from, 1);

    expect([tables, batches]).toEqual([[], []]);
    expect(changes[0]?.after).toEqual(['2']);
  });

  test('check 43: gives the SQL of a publication that disabled does not find', async () => {
    await using source = await TestSource.create(port, {publicationMode: 'disabled'});
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');

    expect(await failureOf(source.open())).toEqual(
      failing('CDC_PUBLICATION_INVALID', 'CREATE PUBLICATION'),
    );
  });

  test('check 43: says that all_tables takes a superuser', async () => {
    await using source = await TestSource.create(port, {publicationMode: 'all_tables'});
    const user = source.options.dbname;
    await source.sql(`
      CREATE ROLE ${user} LOGIN REPLICATION; CREATE TABLE t (id int PRIMARY KEY);
      ALTER TABLE t OWNER TO ${user}; GRANT CREATE ON DATABASE ${source.options.dbname} TO ${user}`);
    try {
      await source.restart({user});
      expect(await failureOf(source.open())).toEqual(
        failing('CDC_PERMISSION_DENIED', 'run as a superuser: CREATE PUBLICATION'),
      );
    } finally {
      await source.sql(`DROP OWNED BY ${user} CASCADE; DROP ROLE ${user}`);
    }
  });

  test('check 8: refuses a publication of all tables that would stop the updates of others', async () => {
    await using source = await TestSource.create(port, {publicationMode: 'all_tables'});
    await source.sql('CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE heap (id int)');

    expect(await failureOf(source.open())).toEqual(
      failing('CDC_TABLE_WITHOUT_KEY', 'refuse updates and deletes on public.heap'),
    );
    await source.sql('INSERT INTO heap VALUES (1); UPDATE heap SET id = 2');
  });

  test('check 48: takes the changes of partitions under their own names', async () => {
    await using source = await TestSource.create(port, {tableIncludeList: ['public.t_.*']});
    await source.sql(`
      CREATE TABLE t (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
      CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (0) TO (10);
      CREATE TABLE t_high PARTITION OF t FOR VALUES FROM (10) TO (20);
      INSERT INTO t VALUES (1, 'a'), (11, 'b')`);

    const point = await source.open();
    const batches = await source.snapshot();
    await source.sql(`UPDATE t SET id = 12 WHERE id = 1`);
    const changes = await source.changes(point.from, 2);

    expect(point.tables).toEqual(['public.t_high', 'public.t_low']);
    expect(batches.map(({relation, rows}) => [relation.table, rows.map(textsOf)])).toEqual([
      ['t_high', [['11', 'b']]],
      ['t_low', [['1', 'a']]],
    ]);
    expect(changes.map(({kind, relation}) => [kind, relation.table])).toEqual([
      ['delete', 't_low'],
      ['insert', 't_high'],
    ]);
  });

  test('check 48: captures a partition that is added in mid-stream where its parent matches, too', async () => {
    await using source = await TestSource.create(port, {tableIncludeList: ['public.t.*']});
    await source.sql(`
      CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id);
      CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (0) TO (10)`);
    const {from, tables} = await source.start();

    await source.sql(`
      CREATE TABLE t_high PARTITION OF t FOR VALUES FROM (10) TO (20); INSERT INTO t VALUES (11)`);
    const changes = await source.changes(from, 1);

    expect(tables).toEqual(['public.t_low']);
    expect(changes.map(({relation, after}) => [relation.table, after])).toEqual([
      ['t_high', ['11']],
    ]);
  });

  test('leaves excluded columns out, in the snapshot as in the stream, but for those of the key', async () => {
    await using source = await TestSource.create(port, {
      columnExcludeList: ['public.t.(id|secret)'],
    });
    await source.sql(`
      CREATE TABLE t (secret text, id int PRIMARY KEY, v text); INSERT INTO t VALUES ('s', 1, 'a')`);

    const {from} = await source.open();
    const [batch] = await source.snapshot();
    await source.sql(`INSERT INTO t VALUES ('s', 2, 'b')`);
    const [change] = await source.changes(from, 1);

    expect(batch?.rows.map(textsOf)).toEqual([[null, '1', 'a']]);
    expect(batch?.relation.columns.map(({excluded}) => excluded)).toEqual([true, true, undefined]);
    expect(change?.relation).toBe(batch?.relation);
  });
});
