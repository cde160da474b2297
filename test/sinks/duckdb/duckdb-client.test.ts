import {existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {DuckDbClient} from '../../../src/sinks/duckdb/duckdb-client.ts';

let directory: string;
let client: DuckDbClient;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-duckdb-client-'));
  client = await DuckDbClient.open({database: join(directory, 'a.duckdb')});
});
afterAll(async () => {
  await client.close();
  rmSync(directory, {recursive: true});
});

const run = (sql: string): Promise<unknown> => client.exclusive((writer) => writer.run(sql));

describe('DuckDbClient.open', () => {
  test('keeps text that repeats in dictionaries, and other text as it is', async () => {
    await run(
      `CREATE TABLE texts AS SELECT 'shoes ' || (i % 10) AS kind, 'order number ' || i AS id FROM range(50000) r(i)`,
    );
    await run('CHECKPOINT');

    const methods = await client.query(
      `SELECT DISTINCT column_name, compression FROM pragma_storage_info('texts') WHERE segment_type = 'VARCHAR' ORDER BY column_name`,
    );
    expect(methods).toEqual([
      {column_name: 'id', compression: 'Uncompressed'},
      {column_name: 'kind', compression: 'Dictionary'},
    ]);
  });
});

describe('DuckDbClient.query', () => {
  test('reads whole values while the first rows are committed', async () => {
    const wrong: unknown[] = [];
    for (let round = 0; round < 25; round++) {
      await run(`CREATE TABLE t${round} (size VARCHAR, _offset BIGINT)`);
      let isWritten = false;
      const writing = run(`INSERT INTO t${round} VALUES ('longer than a byte', 300)`).then(
        () => (isWritten = true),
      );
      for (let isLast = false; !isLast;) {
        isLast = isWritten;
        const rows = await client.query(`SELECT * FROM t${round} ORDER BY _offset LIMIT 5`);
        wrong.push(...rows.filter((row) => row['size'] !== 'longer than a byte'));
      }
      await writing;
    }

    expect(wrong).toEqual([]);
  });

  test('shows only what is committed', async () => {
    await run('CREATE TABLE open (a INTEGER)');

    await client.transaction(async (writer) => {
      await writer.run('INSERT INTO open VALUES (1)');
      expect(await client.query('SELECT * FROM open')).toEqual([]);
    });

    expect(await client.query('SELECT * FROM open')).toEqual([{a: 1}]);
  });

  test.each([
    ['two statements', 'SELECT 1; SELECT 2', 'query takes one statement'],
    ['a statement that writes', 'CREATE TABLE hacked (a INTEGER)', 'query takes a SELECT'],
    ['a statement that ends its transaction', 'COMMIT', 'query takes a SELECT'],
    ['a statement that sets', "SET memory_limit = '1GB'", 'query takes a SELECT'],
    ['a file outside', "SELECT * FROM read_text('/etc/hostname')", 'disabled by configuration'],
  ])('refuses %s, and reads on', async (_, sql, reason) => {
    await expect(client.query(sql)).rejects.toThrow(reason);

    expect(await client.query('SELECT 1 AS one')).toEqual([{one: 1}]);
    expect(await client.query("FROM duckdb_tables() WHERE table_name = 'hacked'")).toEqual([]);
  });
});

describe('DuckDbClient.transaction', () => {
  test('leaves nothing of work that failed, and goes on', async () => {
    await run('CREATE TABLE halves (a INTEGER)');

    const failing = client.transaction(async (writer) => {
      await writer.run('INSERT INTO halves VALUES (1)');
      throw new Error('half way');
    });

    await expect(failing).rejects.toThrow('half way');
    await client.transaction((writer) => writer.run('INSERT INTO halves VALUES (2)'));
    expect(await client.query('SELECT * FROM halves')).toEqual([{a: 2}]);
  });

  test('leaves nothing of work that hides a failed statement', async () => {
    await run('CREATE TABLE hidden (a INTEGER)');

    const hiding = client.transaction(async (writer) => {
      await writer.run('INSERT INTO hidden VALUES (1)');
      await writer.run("SELECT CAST('x' AS INTEGER)").catch(() => undefined);
    });

    await hiding.catch(() => undefined);
    expect(await client.query('SELECT * FROM hidden')).toEqual([]);
  });

  test('runs one at a time, in the order of the calls', async () => {
    const order: number[] = [];

    await Promise.all(
      [1, 2, 3].map((number) =>
        client.transaction(async (writer) => {
          order.push(number);
          await writer.run('SELECT 1');
          order.push(number);
        }),
      ),
    );

    expect(order).toEqual([1, 1, 2, 2, 3, 3]);
  });
});

describe('DuckDbClient.open', () => {
  test('says what it could not open, and what to do', async () => {
    const opening = DuckDbClient.open({database: join(directory, 'missing', 'a.duckdb')});

    await expect(opening).rejects.toMatchObject({
      name: 'RetriableError',
      code: 'SINK_UNREACHABLE',
      message: expect.stringMatching(
        /^DuckDB file \S+missing\/a\.duckdb: .*; check the path, its permissions and the free disk space$/,
      ),
    });
  });

  test.each([
    ['its path', 'a.duckdb'],
    ['a path with dots', 'x/../a.duckdb'],
    ['a link to it', 'link.duckdb'],
    ['a link to its folder', 'folder/a.duckdb'],
  ])(
    'refuses a file that is open already under %s: two writers would destroy it',
    async (_, path) => {
      symlinkSync(join(directory, 'a.duckdb'), join(directory, 'link.duckdb'));
      symlinkSync(directory, join(directory, 'folder'));
      try {
        await expect(DuckDbClient.open({database: join(directory, path)})).rejects.toMatchObject({
          name: 'FatalError',
          code: 'SINK_UNREACHABLE',
          message: expect.stringMatching(
            /^DuckDB file \S+: another sink of this process has it open.*; give each sink a database of its own$/,
          ),
        });
        expect(await client.query('SELECT 1 AS one')).toEqual([{one: 1}]);
      } finally {
        rmSync(join(directory, 'link.duckdb'));
        rmSync(join(directory, 'folder'));
      }
    },
  );

  test('refuses a new file that is being opened', async () => {
    const database = join(directory, 'new.duckdb');

    const opened = await Promise.allSettled([
      DuckDbClient.open({database}),
      DuckDbClient.open({database}),
    ]);

    expect(opened.map(({status}) => status)).toEqual(['fulfilled', 'rejected']);
    for (const result of opened) if (result.status === 'fulfilled') await result.value.close();
  });

  test('opens a file again that was closed, or that could not be opened', async () => {
    const database = join(directory, 'again', 'a.duckdb');
    await expect(DuckDbClient.open({database})).rejects.toMatchObject({name: 'RetriableError'});
    mkdirSync(join(directory, 'again'));

    await (await DuckDbClient.open({database})).close();
    await (await DuckDbClient.open({database})).close();

    expect(existsSync(database)).toBe(true);
  });
});
