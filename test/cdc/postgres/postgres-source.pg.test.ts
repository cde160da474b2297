import {describe, expect, inject, test} from 'vitest';
import {TestSource} from './test-source.ts';

const port = inject('postgresPort');

describe('PostgresSource', () => {
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
});
