import {describe, expect, inject, test} from 'vitest';
import {TestSource} from '../../support/postgres-test-source.ts';
import {until} from '../../support/until.ts';

const port = inject('postgresPort');

describe('HeartbeatAction', () => {
  test('runs the query again and again, without a connection for each', async () => {
    await using source = await TestSource.create(port, {
      heartbeat: {intervalMs: 10, actionQuery: 'INSERT INTO beats VALUES (pg_backend_pid())'},
    });
    await source.sql('CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE beats (pid int)');
    await source.start();

    await until('it has beaten five times', async () => (await beatsOf(source)).length >= 5);

    expect(new Set(await beatsOf(source)).size).toBe(1);
    expect(source.conditions.list()).toEqual([]);
  });

  test('names a query that fails, for as long as it does, and goes on', async () => {
    await using source = await TestSource.create(port, {
      heartbeat: {intervalMs: 10, actionQuery: 'INSERT INTO beats VALUES (pg_backend_pid())'},
    });
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();

    await until('it is told', () => source.conditions.list().length > 0);
    const [condition] = source.conditions.list();
    await source.sql('INSERT INTO t VALUES (1)');
    const changes = await source.changes(from, 1);
    await source.sql('CREATE TABLE beats (pid int)');

    expect(condition).toMatchObject({
      code: 'CDC_HEARTBEAT_FAILED',
      severity: 'warning',
      message: expect.stringContaining('relation "beats" does not exist'),
    });
    expect(changes).toHaveLength(1);
    await until('it is over', () => source.conditions.list().length === 0);
  });
});

async function beatsOf(source: TestSource): Promise<readonly unknown[]> {
  return (await source.sql('SELECT pid FROM beats')).map(({pid}) => pid);
}
