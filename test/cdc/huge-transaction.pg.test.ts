import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {afterAll, beforeAll, describe, expect, inject, test} from 'vitest';
import {PostgresServer} from '../support/postgres.ts';
import {TestSource} from '../support/postgres-test-source.ts';
import {openTestLog, runConnector} from '../support/connector-run.ts';
import type {TestLog} from '../support/connector-run.ts';
import {until} from '../support/until.ts';

const ROWS = 1_000_000;
const TOPIC = {topic: 'postgres.public.t', partition: 0};

let server: PostgresServer;

beforeAll(async () => {
  server = await PostgresServer.start({
    major: inject('postgresMajor'),
    settings: {wal_sender_timeout: '2s', max_wal_size: '2GB'},
  });
});

afterAll(() => server.stop());

describe('CdcConnector', () => {
  test('check 36: publishes a transaction of a million rows at once, in bounded memory and on one connection', async () => {
    const log = await openTestLog();
    await using source = await TestSource.create(server.port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY, v text)');
    const run = runConnector(log, source.source, {
      options: {afterStateOnly: true, valueFormat: 'JSON'},
    });
    await source.sql('INSERT INTO t VALUES (0)');
    let pid: number | null | undefined;
    await until('the first row is there', async () => (await ends(log)).stable > 0);
    // The slot is also used, for a moment, by the connection that makes it.
    await until('it streams', async () => {
      if (run.connector.status()['phase'] !== 'stream') return false;
      return typeof (pid = (await source.slot())?.pid) === 'number';
    });
    const before = await ends(log);
    const idle = liveMegabytes();

    await source.sql(`INSERT INTO t SELECT g, 'row ' || g FROM generate_series(1, ${ROWS}) g`);
    const live: number[] = [];
    const visible = new Set<boolean>();
    await until('the transaction is committed', async () => {
      const {latest, stable} = await ends(log);
      // Each time that a quarter of it has come.
      if (latest - before.latest > (ROWS / 4) * (live.length + 1))
        live.push(liveMegabytes() - idle);
      const isWhole = stable - before.stable >= ROWS;
      visible.add(isWhole || stable === before.stable);
      return isWhole;
    });
    const after = await source.slot();
    const conditions = run.conditions.list();
    // Stopped first: reading a million rows keeps this process from answering the server's keepalives.
    await run.stop();
    const ids = await idsAfter(log, before.stable);
    await log.close();

    expect(ids).toEqual({count: ROWS, inOrder: true});
    // Never a part of it.
    expect([...visible]).toEqual([true]);
    expect(live.length).toBeGreaterThanOrEqual(3);
    // The embedded log has most of it; all rows at once would take several times as much.
    expect(Math.max(...live)).toBeLessThan(150);
    expect(after?.pid).toBe(pid);
    expect(conditions).toEqual([]);
  }, 180_000);
});

/** What is in use after a collection of garbage. */
function liveMegabytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const {heapUsed, external} = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

async function ends({kafka}: TestLog): Promise<{readonly latest: number; readonly stable: number}> {
  if ((await kafka.admin.describeTopics([TOPIC.topic])).length === 0) return {latest: 0, stable: 0};
  const [offsets] = await kafka.admin.offsets([TOPIC]);
  return offsets ?? {latest: 0, stable: 0};
}

/** How many rows are committed from `offset` on, and whether their ids count up from 1. */
async function idsAfter(
  log: TestLog,
  offset: number,
): Promise<{readonly count: number; readonly inOrder: boolean}> {
  const {stable} = await ends(log);
  const fetcher = log.kafka.fetcher({isolation: 'read_committed'});
  fetcher.assign(TOPIC, offset);
  let count = 0;
  let inOrder = true;
  while ((fetcher.position(TOPIC) ?? stable) < stable)
    for (const {records} of await fetcher.poll(100))
      for (const {value} of records) {
        const {id} = JSON.parse(value?.toString() ?? 'null') as {id: number};
        inOrder &&= id === ++count;
      }
  await fetcher.close();
  return {count, inOrder};
}
