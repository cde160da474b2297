import {afterAll, beforeAll, describe, expect, inject, test} from 'vitest';
import {openTestLog, runConnector} from '../../support/connector-run.ts';
import {PostgresServer} from '../../support/postgres.ts';
import {TestSource} from '../../support/postgres-test-source.ts';
import {until} from '../../support/until.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await PostgresServer.start({
    major: inject('postgresMajor'),
    settings: {max_wal_size: '256MB'},
  });
});

afterAll(() => server.stop());

describe('CdcConnector on idle tables', () => {
  test('check 38: confirms 200 MB of WAL of other tables and databases within ten seconds, without heartbeats', async () => {
    await using source = await TestSource.create(server.port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (v text)');
    const log = await openTestLog();
    const {slotName, dbname} = source.options;
    const run = runConnector(log, source.source, {options: {slotName, dbname}});
    await until('it streams', async () => ((await source.slot())?.pid ?? null) !== null);
    const before = (await source.slot())?.confirmed ?? 0n;

    for (const database of [dbname, 'postgres', dbname, 'postgres'])
      await server.query(
        `CREATE TABLE IF NOT EXISTS other (v text); INSERT INTO other SELECT repeat('x', 900) FROM generate_series(1, 56000)`,
        database,
      );
    const written = await walEnd(source);
    const started = performance.now();
    await until('it is confirmed', async () => ((await source.slot())?.confirmed ?? 0n) >= written);
    const took = performance.now() - started;
    // What the slot retains ends where Postgres has logged which transactions run.
    await until('less than two segments are retained', async () => {
      await source.sql('CHECKPOINT');
      return (await retained(source)) < 32 * 1024 * 1024;
    });
    await run.stop();
    await log.close();

    expect(written - before).toBeGreaterThan(200_000_000n);
    expect(took).toBeLessThan(10_000);
  });
});

async function walEnd(source: TestSource): Promise<bigint> {
  const [row] = await source.sql(`SELECT pg_current_wal_lsn() - '0/0' AS lsn`);
  return BigInt(String(row?.['lsn']));
}

async function retained(source: TestSource): Promise<number> {
  const [row] = await source.sql(
    `SELECT (pg_current_wal_lsn() - restart_lsn)::float8 AS bytes FROM pg_replication_slots WHERE slot_name = '${source.options.slotName}'`,
  );
  return Number(row?.['bytes']);
}
