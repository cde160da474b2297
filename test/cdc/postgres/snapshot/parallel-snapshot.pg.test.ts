import {describe, expect, inject, test} from 'vitest';
import type {SnapshotBatch} from '../../../../src/cdc/replication-source.ts';
import {TestSource, rowChanges} from '../../../support/postgres-test-source.ts';
import {Random} from '../../../support/random.ts';
import {until} from '../../../support/until.ts';
import {textsOf} from '../../../support/tuple.ts';
import type {Text} from '../../../support/tuple.ts';

const port = inject('postgresPort');
/** So that tables of a few thousand rows are cut into ranges. */
const parallel = {maxThreads: 4, rangeBlocks: 8, fetchSize: 100};

function rowsOf(batches: readonly SnapshotBatch[], table: string): Text[][] {
  return batches
    .filter(({relation}) => relation.table === table)
    .flatMap(({rows}) => rows.map(textsOf));
}

/** Moves amounts between the accounts of two tables, each time in one transaction, until told to end. */
async function transfer(source: TestSource, seed: number, state: {moved: number; isOver: boolean}) {
  const random = new Random(seed);
  const client = await source.client();
  while (!state.isOver) {
    const amount = 1 + random.below(100);
    const [from, to] = random.chance(0.5)
      ? ['left_side', 'right_side']
      : ['right_side', 'left_side'];
    const id = (): number => 1 + random.below(5_000);
    try {
      await client.query(
        `BEGIN; UPDATE ${from} SET v = v - ${amount} WHERE id = ${id()};
         UPDATE ${to} SET v = v + ${amount} WHERE id = ${id()}; COMMIT`,
      );
      state.moved++;
    } catch (error) {
      if ((error as {code?: string}).code !== '40P01') throw error;
      await client.query('ROLLBACK');
    }
  }
  await client.end();
}

describe('PostgresSource.snapshot with several threads', () => {
  test('check 3: reads all tables as of one moment, whatever is committed meanwhile', async () => {
    await using source = await TestSource.create(port, {
      tableIncludeList: ['public.left_side', 'public.right_side'],
      snapshot: parallel,
    });
    await source.sql(`
      CREATE TABLE left_side (id int PRIMARY KEY, v int NOT NULL);
      CREATE TABLE right_side (id int PRIMARY KEY, v int NOT NULL);
      INSERT INTO left_side SELECT g, 1000 FROM generate_series(1, 5000) g;
      INSERT INTO right_side SELECT g, 1000 FROM generate_series(1, 5000) g`);
    const state = {moved: 0, isOver: false};
    const writers = [1, 2].map((seed) => transfer(source, seed, state));
    await until('money moves', () => state.moved > 50);

    const point = await source.open();
    const movedBefore = state.moved;
    await until('money has moved since', () => state.moved > movedBefore + 200);
    const batches = await source.snapshot();
    state.isOver = true;
    await Promise.all(writers);
    await source.sql('INSERT INTO left_side VALUES (0, 0)');
    const events = await source.events(point.from, (all) =>
      rowChanges(all.slice(-500)).some(({after}) => after?.[0] === '0'),
    );

    const sides = ['left_side', 'right_side'].map(
      (table) => new Map(rowsOf(batches, table).map(([id, v]) => [id, Number(v)])),
    );
    const total = (): number =>
      sides.flatMap((side) => [...side.values()]).reduce((sum, v) => sum + v, 0);
    expect(sides.map(({size}) => size)).toEqual([5_000, 5_000]);
    expect(total()).toBe(10_000_000);
    for (const {relation, after} of rowChanges(events))
      sides[relation.table === 'left_side' ? 0 : 1]?.set(after?.[0], Number(after?.[1]));
    for (const [at, side] of ['left_side', 'right_side'].entries()) {
      const rows = await source.sql(`SELECT id::text, v FROM ${side}`);
      expect(sides[at]).toEqual(new Map(rows.map(({id, v}) => [id, v])));
    }
    expect(total()).toBe(10_000_000);
  });

  test('reads each row of a large table once, by several connections at the same time', async () => {
    await using source = await TestSource.create(port, {snapshot: parallel});
    await source.sql(`
      CREATE TABLE t (id int PRIMARY KEY, v text);
      INSERT INTO t SELECT g, repeat('x', 200) FROM generate_series(1, 20000) g`);

    await source.open();
    const ids: number[] = [];
    for await (const {rows} of source.source.snapshot(source.signal)) {
      // Nobody takes more of the first one until all are there.
      if (ids.length === 0)
        await until('four connections read', async () => {
          const [row] = await source.sql(
            `SELECT count(*)::int AS n FROM pg_stat_activity
             WHERE datname = current_database() AND query LIKE 'COPY%ctid%'`,
          );
          return row?.['n'] === 4;
        });
      ids.push(...rows.map((row) => Number(row.text(0))));
    }

    expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({length: 20_000}, (_, i) => i + 1));
  });

  test('check 2: marks the ends of tables and of the snapshot once, where their batches alternate', async () => {
    await using source = await TestSource.create(port, {
      tableIncludeList: ['public.a', 'public.none', 'public.b', 'public.c'],
      snapshot: parallel,
    });
    await source.sql(`
      CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (LIKE a INCLUDING ALL);
      CREATE TABLE c (LIKE a INCLUDING ALL); CREATE TABLE none (LIKE a INCLUDING ALL);
      INSERT INTO a SELECT g, repeat('x', 200) FROM generate_series(1, 3000) g;
      INSERT INTO b SELECT * FROM a; INSERT INTO c SELECT * FROM a`);

    await source.open();
    const batches = await source.snapshot();

    const marked = (mark: keyof SnapshotBatch): string[] =>
      batches.filter((batch) => batch[mark] === true).map(({relation}) => relation.table);
    expect(marked('firstOfTable').toSorted()).toEqual(['a', 'b', 'c', 'none']);
    expect(marked('lastOfTable').toSorted()).toEqual(['a', 'b', 'c', 'none']);
    expect(marked('firstOfSnapshot')).toHaveLength(1);
    expect(marked('lastOfSnapshot')).toHaveLength(1);
    expect([batches[0]?.firstOfSnapshot, batches.at(-1)?.lastOfSnapshot]).toEqual([true, true]);
    for (const table of ['a', 'b', 'c', 'none']) {
      const own = batches.filter(({relation}) => relation.table === table);
      expect([own[0]?.firstOfTable, own.at(-1)?.lastOfTable]).toEqual([true, true]);
      expect(rowsOf(own, table)).toHaveLength(table === 'none' ? 0 : 3_000);
    }
  });

  test('check 48: reads partitions by themselves, in the columns of the partitioned table, and children by inheritance not at all', async () => {
    await using source = await TestSource.create(port, {
      tableIncludeList: ['public.t', 'public.parent'],
      publishViaPartitionRoot: true,
      snapshot: parallel,
    });
    await source.sql(`
      CREATE TABLE t (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
      CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (0) TO (10);
      CREATE TABLE t_high PARTITION OF t FOR VALUES FROM (10) TO (3000) PARTITION BY LIST (id);
      CREATE TABLE t_rest (v text, gone int, id int NOT NULL);
      ALTER TABLE t_rest DROP COLUMN gone;
      ALTER TABLE t_high ATTACH PARTITION t_rest DEFAULT;
      INSERT INTO t SELECT g, 'v' || g FROM generate_series(0, 2999) g;
      CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child () INHERITS (parent);
      INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2)`);

    await source.open();
    const batches = await source.snapshot();

    const rows = rowsOf(batches, 't').toSorted(([a], [b]) => Number(a) - Number(b));
    expect(rows).toEqual(Array.from({length: 3_000}, (_, id) => [String(id), `v${id}`]));
    expect(rowsOf(batches, 'parent')).toEqual([['1']]);
    expect(
      batches.some(({relation}) => relation.table !== 't' && relation.table !== 'parent'),
    ).toBe(false);
  });

  test('reads a partitioned table whose partitions the user may not read', async () => {
    await using source = await TestSource.create(port, {
      publishViaPartitionRoot: true,
      snapshot: parallel,
    });
    const user = `${source.options.name}_reader`;
    await source.sql(`
      CREATE ROLE ${user} LOGIN REPLICATION;
      CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id);
      CREATE TABLE t_all PARTITION OF t FOR VALUES FROM (0) TO (10);
      INSERT INTO t VALUES (1), (2);
      GRANT SELECT ON t TO ${user};
      CREATE PUBLICATION ${source.options.publicationName} FOR TABLE t WITH (publish_via_partition_root = true)`);
    await source.restart({user});

    await source.open();
    const rows = await source.snapshotRows();
    await source.sql(`DROP OWNED BY ${user}; DROP ROLE ${user}`);

    expect(rows).toEqual([['1'], ['2']]);
  });

  test('reads the tables and rows that it is told to, and streams all', async () => {
    await using source = await TestSource.create(port, {
      tableIncludeList: ['public.a', 'public.b', 'public.c'],
      snapshot: {
        ...parallel,
        includeCollectionList: ['PUBLIC\\.[ab]'],
        selectOverrides: {'public.a': 'SELECT v, id FROM a WHERE id % 2 = 0 -- half of them'},
      },
    });
    await source.sql(`
      CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (LIKE a INCLUDING ALL);
      CREATE TABLE c (LIKE a INCLUDING ALL);
      INSERT INTO a VALUES (1, 'x'), (2, 'y'); INSERT INTO b VALUES (3, 'z'); INSERT INTO c VALUES (4, 'z')`);

    const point = await source.open();
    const batches = await source.snapshot();
    await source.sql(`INSERT INTO a VALUES (5, 'odd'); INSERT INTO c VALUES (6, 'c')`);
    const changes = await source.changes(point.from, 2);

    expect(point.snapshotTables?.map(({table}) => table)).toEqual(['public.a', 'public.b']);
    expect(rowsOf(batches, 'a')).toEqual([['2', 'y']]);
    expect(rowsOf(batches, 'b')).toEqual([['3', 'z']]);
    expect(rowsOf(batches, 'c')).toEqual([]);
    expect(point.tables).toEqual(['public.a', 'public.b', 'public.c']);
    expect(changes.map(({after}) => after?.[0])).toEqual(['5', '6']);
  });

  test('keeps a table that somebody wants to drop until it is read', async () => {
    await using source = await TestSource.create(port, {
      tableIncludeList: ['public.a', 'public.b'],
      snapshot: parallel,
    });
    await source.sql(`
      CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (LIKE a INCLUDING ALL);
      INSERT INTO a SELECT g, repeat('x', 200) FROM generate_series(1, 5000) g;
      INSERT INTO b SELECT * FROM a`);

    await source.open();
    const dropped = source.sql('DROP TABLE b');
    await until('the drop waits', async () => {
      const [row] = await source.sql('SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted');
      return row?.['n'] !== 0;
    });
    const batches = await source.snapshot();
    await dropped;

    expect(rowsOf(batches, 'b')).toHaveLength(5_000);
  });

  test('names a table that is locked for too long, leaves no slot, and takes the snapshot once it can', async () => {
    await using source = await TestSource.create(port, {
      timeouts: {startMs: 1},
      snapshot: {...parallel, lockTimeoutMs: 50},
    });
    await source.sql('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
    // The publication is there, as a table that is locked cannot be added to one.
    await source.sql(
      `CREATE PUBLICATION ${source.options.publicationName} FOR TABLE t WITH (publish_via_partition_root = true)`,
    );
    const locker = await source.client();
    await locker.query('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE');

    await expect(source.open()).rejects.toMatchObject({
      code: 'CDC_TABLE_LOCKED',
      message: expect.stringContaining('snapshot.lock.timeout.ms (50)'),
    });
    expect(await source.slot()).toBeUndefined();
    await locker.end();
    await source.open();
    expect(await source.snapshotRows()).toEqual([['1']]);
  });

  test('ends all its connections when one of them breaks, and takes a new snapshot', async () => {
    await using source = await TestSource.create(port, {snapshot: parallel});
    await source.sql(`
      CREATE TABLE t (id int PRIMARY KEY, v text);
      INSERT INTO t SELECT g, repeat('x', 200) FROM generate_series(1, 20000) g`);
    const copies = async (): Promise<unknown> => {
      const [row] = await source.sql(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%'`,
      );
      return row?.['n'];
    };

    await source.open();
    const cut = (async () => {
      let isCut = false;
      for await (const {rows} of source.source.snapshot(source.signal)) {
        if (isCut || rows.length === 0) continue;
        isCut = true;
        await source.sql(
          `SELECT pg_terminate_backend(max(pid)) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%'`,
        );
      }
    })();

    await expect(cut).rejects.toMatchObject({
      code: 'CDC_CONNECTION_FAILED',
      name: 'RetriableError',
    });
    await until('the others are gone', async () => (await copies()) === 0);
    expect(await source.open()).toMatchObject({kind: 'snapshot'});
    expect(await source.snapshotRows()).toHaveLength(20_000);
  });
});
