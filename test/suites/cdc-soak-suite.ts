import {mkdtempSync, readFileSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {afterAll, beforeAll, expect, inject, test} from 'vitest';
import {systemClock} from '../../src/common/clock.ts';
import {silentLogger} from '../../src/common/logger.ts';
import {EmbeddedKafka} from '../../src/kafka/embedded/embedded-kafka.ts';
import {readTopic} from '../support/change-events.ts';
import type {ChangeEventRecord} from '../support/change-events.ts';
import {ChildProcess} from '../support/child-process.ts';
import {compileScript} from '../support/compiled-script.ts';
import {queryPostgres} from '../support/postgres.ts';
import {Random} from '../support/random.ts';
import {SOAK_SCHEMA, SOAK_TABLES, SoakLoad} from '../support/soak-load.ts';
import {TcpProxy} from '../support/tcp-proxy.ts';
import {until} from '../support/until.ts';

export interface CdcSoakOptions {
  /** How long the load runs; then come as many connections' ends again as are counted for leaks. */
  readonly seconds: number;
  /** Between two faults, milliseconds. */
  readonly faultEveryMs: number;
  /** Ends of connections within one life of the process, after which it may have no more than before. */
  readonly reconnects: number;
}

type Row = Readonly<Record<string, unknown>>;

/**
 * Captures a database under load in a process of its own, of which and of whose connections nothing is spared, and
 * compares the tables with what the topics say.
 */
export function cdcSoakSuite({seconds, faultEveryMs, reconnects}: CdcSoakOptions): void {
  const port = inject('postgresPort');
  const database = `soak_${process.pid}_${Date.now().toString(36)}`;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-soak-'));
  const log = join(folder, 'log');
  const random = new Random(50);
  let script = '';
  let proxy: TcpProxy;

  const sql = (statement: string): Promise<Record<string, unknown>[]> =>
    queryPostgres(port, statement, database);

  beforeAll(async () => {
    script = await compileScript('capturer', join(folder, 'script'));
    proxy = await TcpProxy.start(port);
    await queryPostgres(port, `CREATE DATABASE ${database}`, 'postgres');
    await sql(SOAK_SCHEMA);
  });

  afterAll(async () => {
    await proxy.stop();
    await sql(
      `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${database}'`,
    );
    await queryPostgres(port, `DROP DATABASE ${database} WITH (FORCE)`, 'postgres');
    rmSync(folder, {recursive: true, force: true});
  });

  async function start(): Promise<{readonly child: ChildProcess; readonly pid: number}> {
    const tables = SOAK_TABLES.map((table) => `public.${table}`).join();
    const child = new ChildProcess(script, [log, String(proxy.port), database, tables]);
    await child.when('it runs', (lines) => lines.length > 0);
    return {child, pid: Number(child.lines[0]?.split(' ')[1])};
  }

  const streams = (): Promise<void> =>
    until('it streams', async () => {
      const [slot] = await sql(
        `SELECT active FROM pg_replication_slots WHERE slot_name = '${database}'`,
      );
      return slot?.['active'] === true;
    });

  const terminate = async (): Promise<void> => {
    await sql(
      `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '${database}' AND active`,
    );
  };

  const cut = async (): Promise<void> => {
    await proxy.reset();
    await proxy.pass();
  };

  async function caughtUp(): Promise<void> {
    const [target] = await sql('SELECT pg_current_wal_insert_lsn()::text AS lsn');
    await until(
      'everything is confirmed',
      async () => {
        const [slot] = await sql(
          `SELECT confirmed_flush_lsn >= '${String(target?.['lsn'])}' AS done FROM pg_replication_slots WHERE slot_name = '${database}'`,
        );
        return slot?.['done'] === true;
      },
      120_000,
    );
  }

  test(
    'check 50: the tables equal the topics after kills, cut connections and changed tables, and nothing leaks',
    async () => {
      let capturer = await start();
      const loads = await Promise.all(
        [0, 1, 2].map((n) => SoakLoad.start(port, database, new Random(n), n === 0)),
      );
      const faults: Readonly<Record<string, () => Promise<void>>> = {
        kill: async () => {
          await capturer.child.kill();
          capturer = await start();
        },
        stop: async () => {
          process.kill(capturer.pid, 'SIGTERM');
          await capturer.child.end();
          capturer = await start();
        },
        terminate,
        cut,
      };
      const done = new Map<string, number>();
      for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
        await pause(faultEveryMs);
        // Each kind in turn, then at random.
        const kinds = Object.keys(faults);
        const kind = kinds.find((each) => !done.has(each)) ?? random.pick(kinds);
        await faults[kind]?.();
        done.set(kind, (done.get(kind) ?? 0) + 1);
      }
      await Promise.all(loads.map((load) => load.stop()));
      await streams();
      await caughtUp();

      const usage: Usage[] = [usageOf(capturer.pid)];
      for (let n = 0; n < reconnects; n++) {
        await (n % 2 === 0 ? terminate() : cut());
        await streams();
        await sql(`UPDATE accounts SET balance = ${n}`);
        await caughtUp();
        usage.push(usageOf(capturer.pid));
      }
      const [connections] = await sql(
        `SELECT count(*)::int AS open FROM pg_stat_activity WHERE datname = '${database}' AND pid <> pg_backend_pid()`,
      );
      process.kill(capturer.pid, 'SIGTERM');
      await capturer.child.end();

      const differences = await compare(log, sql);
      expect(differences).toEqual([]);
      expect([...done.keys()].toSorted()).toEqual(Object.keys(faults).toSorted());
      expect(loads.every(({count}) => count > 50)).toBe(true);
      // The walsender, the catalog's connection and the monitor's.
      expect(connections?.['open']).toBeLessThanOrEqual(4);
      const [settled, last] = [usage[Math.floor(reconnects / 2)], usage.at(-1)];
      expect((last?.handles ?? NaN) - (settled?.handles ?? NaN)).toBeLessThanOrEqual(2);
      expect((last?.megabytes ?? NaN) - (settled?.megabytes ?? NaN)).toBeLessThan(60);
    },
    seconds * 1000 + 240_000,
  );

  test('check 41: a slot that somebody has moved while it was down ends it', async () => {
    await sql(`INSERT INTO entries VALUES (0, 0, 'lost')`);
    await sql(`SELECT pg_replication_slot_advance('${database}', pg_current_wal_lsn())`);

    const {child} = await start();
    await child.end();

    expect(child.lines.at(-1)).toBe('failed CDC_SLOT_MOVED');
  }, 60_000);
}

interface Usage {
  readonly handles: number;
  readonly megabytes: number;
}

/** Open files and sockets, and resident memory (Linux). */
function usageOf(pid: number): Usage {
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return {handles: readdirSync(`/proc/${pid}/fd`).length, megabytes: Number(rss?.[1]) / 1024};
}

/** Rows that the topics have otherwise than the tables, and events that are there twice. */
async function compare(
  directory: string,
  sql: (statement: string) => Promise<Record<string, unknown>[]>,
): Promise<readonly string[]> {
  const kafka = await EmbeddedKafka.open({directory, clock: systemClock, logger: silentLogger});
  const differences: string[] = [];
  for (const table of SOAK_TABLES) {
    const records = await readTopic(kafka, `postgres.public.${table}`);
    differences.push(...doubled(records).map((event) => `${table}: twice ${event}`));
    const rows = (await sql(`SELECT * FROM ${table}`)) as Row[];
    const columns = Object.keys(rows[0] ?? {});
    const found = materialised(records);
    if (found.size !== rows.length)
      differences.push(`${table}: ${found.size} rows in place of ${rows.length}`);
    const wanted = new Set(rows.map((row) => text(row, columns)));
    for (const row of found.values())
      if (!wanted.has(text(row, columns))) differences.push(`${table}: ${text(row, columns)}`);
  }
  await kafka.close();
  return differences.slice(0, 20);
}

/** Events of one change have its position; a change of the key is two of them. */
function doubled(records: readonly ChangeEventRecord[]): readonly string[] {
  const seen = new Set<string>();
  return records.flatMap(({key, value, headers}) => {
    const event = value === null ? undefined : (JSON.parse(value) as {op: string});
    if (event?.op === 'r') return [];
    const id = `${headers['__millrace.source']?.toString('hex')} ${key} ${event?.op}`;
    if (seen.has(id)) return [id];
    seen.add(id);
    return [];
  });
}

/** The newest row of each key. */
function materialised(records: readonly ChangeEventRecord[]): ReadonlyMap<string, Row> {
  const rows = new Map<string, Row>();
  for (const {key, value} of records) {
    const after = value === null ? null : (JSON.parse(value) as {after: Row | null}).after;
    if (after === null) rows.delete(String(key));
    else rows.set(String(key), after);
  }
  return rows;
}

/** A column that was added later is null in older rows. */
function text(row: Row, columns: readonly string[]): string {
  return JSON.stringify(columns.map((column) => row[column] ?? null));
}
