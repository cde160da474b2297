import {describe, expect, inject, test} from 'vitest';
import {TestSource, rowChanges} from '../../../support/postgres-test-source.ts';
import {Random} from '../../../support/random.ts';
import {until} from '../../../support/until.ts';
import {textsOf} from '../../../support/tuple.ts';

const port = inject('postgresPort');

describe('PostgresSource.snapshot', () => {
  test('check 1: hands out the snapshot, then what was committed after it', async () => {
    await using source = await TestSource.create(port);
    await source.sql(`
      CREATE TABLE t (id varchar(10) PRIMARY KEY, v text);
      INSERT INTO t VALUES ('a', 'one'), ('b', NULL)`);

    const point = await source.open();
    const rows = await source.snapshotRows();
    await source.sql(
      `INSERT INTO t VALUES ('c', E'tab\\there'); UPDATE t SET v = 'two' WHERE id = 'a'; DELETE FROM t WHERE id = 'b'`,
    );
    const changes = await source.changes(point.from, 3);

    expect(point.kind).toBe('snapshot');
    expect(rows).toEqual([
      ['a', 'one'],
      ['b', null],
    ]);
    expect(changes).toMatchObject([
      {kind: 'insert', before: undefined, after: ['c', 'tab\there']},
      {kind: 'update', before: undefined, after: ['a', 'two']},
      {kind: 'delete', before: ['b', undefined], after: undefined},
    ]);
  });

  test('check 1: has no gap to and no overlap with the changes of concurrent writers', async () => {
    await using source = await TestSource.create(port);
    await source.sql(`
      CREATE TABLE t (id int PRIMARY KEY, v int NOT NULL);
      INSERT INTO t SELECT g, 0 FROM generate_series(1, 20000) g`);
    const counts = [0, 0, 0];
    let enough = Infinity;
    const writers = counts.map((_, index) => write(source, counts, index, () => enough));
    await until('all writers write', () => counts.every((count) => count > 20));

    const point = await source.open();
    const rows = await source.snapshotRows();
    enough = Math.max(...counts) + 50;
    await Promise.all(writers);
    await source.sql(`INSERT INTO t VALUES (-1, 0)`);
    const events = await source.events(point.from, (all) =>
      rowChanges(all.slice(-500)).some(({after}) => after?.[0] === '-1'),
    );

    const replayed = new Map(rows.map((row) => [row[0], row[1]]));
    expect(replayed.size).toBe(rows.length);
    for (const {kind, before, after} of rowChanges(events)) {
      const id = (after ?? before)?.[0];
      // An overlap would insert a row that is there, a gap would change one that is not.
      expect(`${kind} ${replayed.has(id)}`).toBe(`${kind} ${kind !== 'insert'}`);
      if (after === undefined) replayed.delete(id);
      else replayed.set(id, after[1]);
    }
    const table = await source.sql('SELECT id::text, v::text FROM t');
    expect(replayed).toEqual(new Map(table.map(({id, v}) => [id, v])));
    expect(rowChanges(events).length).toBeGreaterThan(100);
  });

  test('marks the ends of tables and of the snapshot, also where a table is empty', async () => {
    await using source = await TestSource.create(port, {
      tableIncludeList: ['public.big', 'public.none'],
    });
    await source.sql(`
      CREATE TABLE big (id int PRIMARY KEY);
      CREATE TABLE none (id int PRIMARY KEY);
      INSERT INTO big SELECT generate_series(1, 5000)`);

    const point = await source.open();
    const batches = await source.snapshot();

    const marks = batches.map((batch) =>
      [
        batch.relation.table,
        batch.rows.length,
        batch.firstOfSnapshot && 'first',
        batch.firstOfTable && 'first of table',
        batch.lastOfTable && 'last of table',
        batch.lastOfSnapshot && 'last',
      ].filter(Boolean),
    );
    expect(marks).toEqual([
      ['big', 2000, 'first', 'first of table'],
      ['big', 2000],
      ['big', 1000, 'last of table'],
      ['none', 'first of table', 'last of table', 'last'],
    ]);
    expect(batches[0]?.consistentPoint).toBe(point.from.lsn);
    expect(Math.abs((batches[0]?.takenAt ?? 0) / 1000 - Date.now())).toBeLessThan(60_000);
  });

  test('stops in the middle when its consumer does', async () => {
    await using source = await TestSource.create(port);
    await source.sql(`
      CREATE TABLE t (id int PRIMARY KEY, v text);
      INSERT INTO t SELECT g, repeat('x', 500) FROM generate_series(1, 50000) g`);

    await source.open();
    for await (const {rows} of source.source.snapshot(source.signal)) {
      expect(rows.length).toBeGreaterThan(0);
      break;
    }

    await until('the connection is gone', async () => {
      const [row] = await source.sql(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%'`,
      );
      return row?.['n'] === 0;
    });
  });

  test('check 4: starts over with a new slot when it was cut off', async () => {
    await using source = await TestSource.create(port);
    await source.sql(`CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')`);

    const cut = await source.open();
    await source.restart();
    await source.sql(`INSERT INTO t VALUES (2, 'b')`);
    const point = await source.open();
    const rows = await source.snapshotRows();

    expect(point.kind).toBe('snapshot');
    expect(point.from.lsn).toBeGreaterThan(cut.from.lsn);
    expect(rows).toHaveLength(2);
  });

  test('check 5: names the transaction that a new slot waits for, gives up and leaves no slot', async () => {
    await using source = await TestSource.create(port, {
      timeouts: {slotCreationMs: 300},
      slot: {maxRetries: 0},
    });
    await source.sql(`CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (id int)`);
    const blocker = await source.client();
    await blocker.query('BEGIN; INSERT INTO other VALUES (1)');
    const {rows} = await blocker.query<{pid: number}>('SELECT pg_backend_pid() AS pid');

    const opened = source.open();

    await expect(opened).rejects.toMatchObject({
      code: 'CDC_SLOT_BLOCKED',
      message: expect.stringContaining(`PID ${rows[0]?.pid} of user postgres, idle in transaction`),
    });
    // The server says that the creation has failed, and drops the slot then.
    await until('the slot is gone', async () => (await source.slot()) === undefined);
    await blocker.query('COMMIT');
    await blocker.end();
    expect(await source.open()).toMatchObject({kind: 'snapshot'});
  });

  test('check 5: says whom it waits for while it waits', async () => {
    await using source = await TestSource.create(port, {timeouts: {slotCreationMs: 4_000}});
    await source.sql(`CREATE TABLE t (id int PRIMARY KEY)`);
    const blocker = await source.client();
    await blocker.query('BEGIN; INSERT INTO t VALUES (1)');
    const {rows} = await blocker.query<{pid: number}>('SELECT pg_backend_pid() AS pid');

    const opened = source.open();
    await until('it is told', () => source.conditions.list().length > 0);
    const [condition] = source.conditions.list();
    await blocker.query('COMMIT');
    await blocker.end();
    await opened;

    expect(condition).toMatchObject({
      code: 'CDC_SLOT_BLOCKED',
      message: expect.stringContaining(`PID ${rows[0]?.pid} of user postgres`),
    });
    expect(source.conditions.list()).toEqual([]);
  });

  test('check 5: waits for a transaction that ends in time', async () => {
    await using source = await TestSource.create(port);
    await source.sql(`CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (id int)`);
    const blocker = await source.client();
    await blocker.query('BEGIN; INSERT INTO t VALUES (1)');

    const opened = source.open();
    await until('the slot waits', async () => {
      const [row] = await source.sql(
        `SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted`,
      );
      return row?.['n'] !== 0;
    });
    await blocker.query('COMMIT');
    await blocker.end();
    await opened;

    expect(await source.snapshotRows()).toEqual([['1']]);
  });

  test('checks 15 and 23: gives the same text in both phases, whatever the database has set', async () => {
    await using source = await TestSource.create(port);
    await source.sql(`
      ALTER DATABASE ${source.options.dbname} SET datestyle = 'German';
      ALTER DATABASE ${source.options.dbname} SET timezone = 'Asia/Tokyo';
      ALTER DATABASE ${source.options.dbname} SET intervalstyle = 'iso_8601';
      ALTER DATABASE ${source.options.dbname} SET bytea_output = 'escape';
      ALTER DATABASE ${source.options.dbname} SET extra_float_digits = -5`);
    await source.sql(`
      CREATE TYPE mood AS ENUM ('sad', 'ok');
      CREATE TABLE t (id int PRIMARY KEY, ts timestamp, tz timestamptz, d date, i interval, b bytea,
        f float8, n numeric, a text[], j json, jb jsonb, m mood, u uuid, bool boolean, x text, big bigint);
      CREATE FUNCTION fill(int) RETURNS void LANGUAGE sql AS $$
        INSERT INTO t VALUES ($1, '2024-01-02 03:04:05.123456', '2024-01-02 03:04:05.123456+02', '0044-03-15 BC',
          '1 year 2 days 03:04:05.6', '\\xdeadbeef00', 0.1::float8 + 0.2, 'NaN', '{a,NULL,"b,c"}', '{"a": 1,  "a":1e400}',
          '{"b":1}', 'ok', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', true, E'\\\\N tab\\t nl\\n cr\\r bs\\b \\\\ ü 😀 \\u2028', 9223372036854775807),
        ($1 + 1, 'infinity', '-infinity', 'infinity', NULL, '', 'NaN', NULL, '{}', 'null', NULL, NULL, NULL, NULL, '', -9223372036854775808) $$;
      SELECT fill(1)`);

    const point = await source.open();
    const rows = await source.snapshotRows();
    await source.sql('SELECT fill(3)');
    const changes = await source.changes(point.from, 2);

    expect(changes.map(({after}) => after?.slice(1))).toEqual(rows.map((row) => row.slice(1)));
    expect(rows[0]?.slice(1, 7)).toEqual([
      '2024-01-02 03:04:05.123456',
      '2024-01-02 01:04:05.123456+00',
      '0044-03-15 BC',
      '1 year 2 days 03:04:05.6',
      '\\xdeadbeef00',
      '0.30000000000000004',
    ]);
    expect(rows[0]?.[14]).toBe('\\N tab\t nl\n cr\r bs\b \\ ü 😀 \u2028');
    expect(rows[1]?.slice(5, 10)).toEqual(['\\x', 'NaN', null, '{}', 'null']);
  });

  test('check 49: leaves generated columns out and resolves domains, with one relation in both phases', async () => {
    await using source = await TestSource.create(port);
    await source.sql(`
      CREATE DOMAIN price AS numeric(10, 2) NOT NULL;
      CREATE DOMAIN low_price AS price CHECK (VALUE < 10);
      CREATE TABLE t (b int, a int, p low_price, twice int GENERATED ALWAYS AS (b * 2) STORED,
        v varchar(20) NOT NULL, "Ünï ""q""" text, PRIMARY KEY (a, b));
      INSERT INTO t VALUES (1, 2, 3.5, DEFAULT, 'x', 'y')`);

    const point = await source.open();
    const batches = await source.snapshot();
    await source.sql(`INSERT INTO t VALUES (5, 6, 7, DEFAULT, 'x', 'y')`);
    const changes = await source.changes(point.from, 1);

    const relation = batches[0]?.relation;
    expect(relation).toMatchObject({
      schema: 'public',
      table: 't',
      primaryKey: ['a', 'b'],
      replicaIdentity: 'default',
    });
    expect(
      relation?.columns.map(({name, typeName, nullable}) => [name, typeName, nullable]),
    ).toEqual([
      ['b', 'int4', false],
      ['a', 'int4', false],
      ['p', 'numeric', false],
      ['v', 'varchar', false],
      ['Ünï "q"', 'text', true],
    ]);
    expect(relation?.columns[2]?.typeModifier).toBe(((10 << 16) | 2) + 4);
    expect(batches[0]?.rows.map(textsOf)).toEqual([['1', '2', '3.50', 'x', 'y']]);
    expect(changes[0]?.relation).toBe(relation);
    expect(changes[0]?.after).toEqual(['5', '6', '7.00', 'x', 'y']);
  });

  test('check 48: reads a partitioned table as one, and streams it under its own name', async () => {
    await using source = await TestSource.create(port, {publishViaPartitionRoot: true});
    await source.sql(`
      CREATE TABLE t (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
      CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (0) TO (10);
      CREATE TABLE t_high PARTITION OF t FOR VALUES FROM (10) TO (20);
      INSERT INTO t VALUES (1, 'a'), (11, 'b')`);

    const point = await source.open();
    const rows = await source.snapshotRows();
    await source.sql(`UPDATE t SET id = 12 WHERE id = 1`);
    const changes = await source.changes(point.from, 2);

    expect(rows).toHaveLength(2);
    expect(changes.map(({kind, relation}) => [kind, relation.table])).toEqual([
      ['delete', 't'],
      ['insert', 't'],
    ]);
  });

  test('estimates the rows of each table, also of one that was never analysed', async () => {
    await using source = await TestSource.create(port, {
      publishViaPartitionRoot: true,
      tableIncludeList: [
        'public.analysed',
        'public.grown',
        'public.fresh',
        'public.none',
        'public.p',
      ],
    });
    await source.sql(`
      CREATE TABLE analysed (id int PRIMARY KEY, v text) WITH (autovacuum_enabled = false);
      CREATE TABLE grown (LIKE analysed INCLUDING ALL) WITH (autovacuum_enabled = false);
      CREATE TABLE fresh (LIKE analysed INCLUDING ALL) WITH (autovacuum_enabled = false);
      CREATE TABLE none (LIKE analysed INCLUDING ALL);
      CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);
      CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (5000) WITH (autovacuum_enabled = false);
      CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (5000) TO (9000) WITH (autovacuum_enabled = false);
      INSERT INTO analysed SELECT g, repeat('x', 300) FROM generate_series(1, 7000) g;
      INSERT INTO grown SELECT g, repeat('x', 300) FROM generate_series(1, 7000) g;
      INSERT INTO fresh SELECT g, repeat('x', 28) FROM generate_series(1, 7000) g;
      INSERT INTO p SELECT generate_series(0, 8999);
      ANALYZE analysed; ANALYZE grown; ANALYZE p1; ANALYZE p2;
      INSERT INTO grown SELECT g, repeat('x', 300) FROM generate_series(7001, 14000) g`);

    const {snapshotTables = []} = await source.open();

    const estimates = new Map(
      snapshotTables.map(({table, estimatedRows}) => [table, estimatedRows]),
    );
    expect([...estimates.keys()]).toEqual(source.options.tableIncludeList);
    expect(estimates.get('public.analysed')).toBe(7_000);
    expect(Math.abs((estimates.get('public.grown') ?? 0) - 14_000)).toBeLessThan(50);
    expect(Math.abs((estimates.get('public.fresh') ?? 0) - 7_000)).toBeLessThan(700);
    expect(estimates.get('public.none')).toBe(0);
    expect(estimates.get('public.p')).toBe(9_000);
  });

  test('takes none in mode never, and starts where an existing slot is', async () => {
    await using source = await TestSource.create(port, {snapshotMode: 'never'});
    await source.sql(`CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)`);

    const first = await source.open();
    await source.sql('INSERT INTO t VALUES (2)');
    const second = await source.open();
    const changes = await source.changes(second.from, 1);

    expect([first.kind, second.kind]).toEqual(['resume', 'resume']);
    expect(changes[0]?.after).toEqual(['2']);
  });

  test('goes on where the slot is in mode always, with the rows as of a later point on the way', async () => {
    await using source = await TestSource.create(port, {snapshotMode: 'always'});
    await source.sql(`CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)`);
    const {from} = await source.start();
    source.source.confirm(from.lsn);
    const reopened = await source.open(from);
    await source.restart();
    await source.sql('DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (3)');

    const point = await source.open(from);
    const missed = await source.changesBefore(point);
    const confirmed = (await source.slot())?.confirmed;
    const rows = await source.snapshotRows();
    source.source.confirm(point.from.lsn);
    await source.sql('INSERT INTO t VALUES (4)');
    const changes = await source.changes(point.from, 1);
    const again = await source.open(point.from);
    const slots = await source.sql(
      'SELECT slot_name FROM pg_replication_slots WHERE database = current_database()',
    );

    expect(point).toMatchObject({kind: 'snapshot', catchUp: from});
    expect(missed.map(({kind, before, after}) => [kind, ...(after ?? before ?? [])])).toEqual([
      ['delete', '1'],
      ['insert', '3'],
    ]);
    // Nobody has said that these are durable.
    expect(confirmed).toBe(from.lsn);
    expect(rows).toEqual([['2'], ['3']]);
    expect(changes.map(({after}) => after)).toEqual([['4']]);
    // A connection that broke is no start.
    expect([reopened.kind, again.kind]).toEqual(['resume', 'resume']);
    expect(slots).toEqual([{slot_name: source.options.slotName}]);
  });

  test('leaves no slot behind in mode initial_only, and streams nothing', async () => {
    await using source = await TestSource.create(port, {snapshotMode: 'initial_only'});
    await source.sql(`CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)`);

    const point = await source.open();
    const rows = await source.snapshotRows();
    const events = await source.events(point.from, () => true);
    await source.restart();
    const again = await source.open(point.from);

    expect(rows).toEqual([['1']]);
    expect(events).toEqual([]);
    expect(await source.slot()).toBeUndefined();
    expect(again).toEqual({kind: 'resume', from: point.from, tables: ['public.t']});
  });
});

/** Random transactions of one to four changes, some rolled back; counted in `counts[index]` until there are `enough()`. */
async function write(
  source: TestSource,
  counts: number[],
  index: number,
  enough: () => number,
): Promise<void> {
  const random = new Random(index);
  const client = await source.client();
  let next = (index + 1) * 1_000_000;
  for (; (counts[index] ?? 0) < enough(); counts[index] = (counts[index] ?? 0) + 1) {
    const statements = Array.from({length: 1 + random.below(4)}, () => {
      const id = 1 + random.below(20_000);
      if (random.chance(0.3)) return `INSERT INTO t VALUES (${next++}, 0)`;
      if (random.chance(0.3)) return `DELETE FROM t WHERE id = ${id}`;
      return `UPDATE t SET v = v + 1 WHERE id = ${id}`;
    });
    try {
      await client.query(
        `BEGIN; ${statements.join('; ')}; ${random.chance(0.1) ? 'ROLLBACK' : 'COMMIT'}`,
      );
    } catch (error) {
      // Two writers may take rows in another order.
      if ((error as {code?: string}).code !== '40P01') throw error;
      await client.query('ROLLBACK');
    }
  }
  await client.end();
}
