import {mkdtempSync, readFileSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {afterAll, beforeAll, expect, inject, test} from 'vitest';
import {systemClock} from '../../src/common/clock.ts';
import {silentLogger} from '../../src/common/logger.ts';
import {EmbeddedKafka} from '../../src/kafka/embedded/embedded-kafka.ts';
import {forEachRecord} from '../support/change-events.ts';
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

/** A load that is written faster than a process comes to which dies every few seconds waits for it here. */
const MOST_LEFT_BYTES = 64 * 1024 * 1024;

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
  let running: ChildProcess | undefined;

  const sql = (statement: string): Promise<Record<string, unknown>[]> =>
    queryPostgres(port, statement, database);

  beforeAll(async () => {
    script = await compileScript('capturer', join(folder, 'script'));
    proxy = await TcpProxy.start(port);
    await queryPostgres(port, `CREATE DATABASE ${database}`, 'postgres');
    await sql(SOAK_SCHEMA);
  });

  afterAll(async () => {
    // A test that failed has left it.
    await running?.kill();
    await proxy.stop();
    await sql(
      `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${database}'`,
    );
    await queryPostgres(port, `DROP DATABASE ${database} WITH (FORCE)`, 'postgres');
    rmSync(folder, {recursive: true, force: true});
  });

  async function start(): Promise<Capturer> {
    const tables = SOAK_TABLES.map((table) => `public.${table}`).join();
    const child = new ChildProcess(script, [log, String(proxy.port), database, tables]);
    running = child;
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

  /** WAL from what is confirmed up to `lsn`; -1 where there is no slot yet. */
  const bytesLeft = async (lsn: string): Promise<number> => {
    const [slot] = await sql(
      `SELECT greatest(0, '${lsn}'::pg_lsn - confirmed_flush_lsn)::float8 AS bytes FROM pg_replication_slots WHERE slot_name = '${database}' AND confirmed_flush_lsn IS NOT NULL`,
    );
    return Number(slot?.['bytes'] ?? -1);
  };

  const walEnd = async (): Promise<string> =>
    String((await sql('SELECT pg_current_wal_insert_lsn()::text AS lsn'))[0]?.['lsn']);

  /** Until no more than `bytes` is left of what is written by now: however long that takes, some of it comes all the time. */
  async function caughtUp(bytes = 0): Promise<void> {
    const end = await walEnd();
    let left = await bytesLeft(end);
    const isDone = (): boolean => left >= 0 && left <= bytes;
    while (!isDone()) {
      const before = left;
      await until('something is confirmed', async () => {
        left = await bytesLeft(end);
        return left !== before;
      });
    }
  }

  test(
    'check 50: the tables equal the topics after kills, cut connections and changed tables, and nothing leaks',
    async () => {
      let capturer = await start();
      // Until something from behind the slot's beginning is durable, what is written may come with the snapshot.
      await until('the slot is made', async () => (await bytesLeft('0/0')) >= 0);
      await sql(`SELECT pg_logical_emit_message(true, 'soak', 'begin')`);
      await caughtUp();
      const loads = await Promise.all(
        [0, 1, 2].map((n) =>
          SoakLoad.start(port, database, new Random(n), {
            changesTables: n === 0,
            mayGoOn: () => caughtUp(MOST_LEFT_BYTES),
          }),
        ),
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
      const kinds = Object.keys(faults);
      for (
        const end = performance.now() + seconds * 1000;
        performance.now() < end || done.size < kinds.length;
      ) {
        await pause(faultEveryMs);
        // Each kind in turn, then at random.
        const kind = kinds.find((each) => !done.has(each)) ?? random.pick(kinds);
        await faults[kind]?.();
        done.set(kind, (done.get(kind) ?? 0) + 1);
      }
      await Promise.all(loads.map((load) => load.stop()));
      await streams();
      await caughtUp();

      const usage: Usage[] = [await usageOf(capturer)];
      for (let n = 0; n < reconnects; n++) {
        await (n % 2 === 0 ? terminate() : cut());
        await streams();
        await sql(`UPDATE accounts SET balance = ${n} WHERE id = (SELECT min(id) FROM accounts)`);
        await caughtUp();
        usage.push(await usageOf(capturer));
      }
      const [connections] = await sql(
        `SELECT count(*)::int AS open FROM pg_stat_activity WHERE datname = '${database}' AND pid <> pg_backend_pid()`,
      );
      process.kill(capturer.pid, 'SIGTERM');
      await capturer.child.end();

      const {differences, events} = await compare(log, sql);
      const [settled, last] = [usage[Math.floor(reconnects / 2)], usage.at(-1)] as [Usage, Usage];
      const transactions = loads.reduce((total, {count}) => total + count, 0);
      process.stdout.write(
        `soak: ${JSON.stringify({transactions, events, faults: Object.fromEntries(done), settled, last})}\n`,
      );
      expect(differences).toEqual([]);
      expect(loads.every(({count}) => count > 50)).toBe(true);
      // The walsender, the catalog's connection and the monitor's.
      expect(connections?.['open']).toBeLessThanOrEqual(4);
      expect(last.handles - settled.handles).toBeLessThanOrEqual(2);
      expect(last.resources - settled.resources).toBeLessThanOrEqual(2);
      expect(last.heapMegabytes - settled.heapMegabytes).toBeLessThan(2);
      expect(last.megabytes - settled.megabytes).toBeLessThan(60);
    },
    // As much again for what has piled up, and the time to read it all.
    2 * seconds * 1000 + 240_000,
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
  /** Open files and sockets. */
  readonly handles: number;
  /** What keeps the event loop going: sockets, timers, requests. */
  readonly resources: number;
  /** What is reachable, buffers included. */
  readonly heapMegabytes: number;
  /** Resident. */
  readonly megabytes: number;
}

interface Capturer {
  readonly child: ChildProcess;
  readonly pid: number;
}

async function usageOf({child, pid}: Capturer): Promise<Usage> {
  const before = child.lines.length;
  process.kill(pid, 'SIGUSR2');
  await child.when('it has told what it holds', (lines) => lines.length > before);
  const [, bytes, resources] = child.lines[before]?.split(' ') ?? [];
  // Linux.
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return {
    handles: readdirSync(`/proc/${pid}/fd`).length,
    resources: Number(resources),
    heapMegabytes: Number(bytes) / 1048576,
    megabytes: Number(rss?.[1]) / 1024,
  };
}

/**
 * Rows that the topics have otherwise than the tables, events that are there twice or out of their order, and how many
 * events there are.
 */
async function compare(
  directory: string,
  sql: (statement: string) => Promise<Record<string, unknown>[]>,
): Promise<{readonly differences: readonly string[]; readonly events: number}> {
  const kafka = await EmbeddedKafka.open({directory, clock: systemClock, logger: silentLogger});
  const differences: string[] = [];
  let events = 0;
  for (const table of SOAK_TABLES) {
    const topic = new TopicState();
    await forEachRecord(kafka, `postgres.public.${table}`, (record) => topic.add(record));
    events += topic.events;
    const written = await sql(
      `SELECT op, sum(count)::int AS count FROM written WHERE tbl = '${table}' AND count > 0 GROUP BY op ORDER BY op`,
    );
    const told = written.map(({op, count}) => `${String(op)} ${String(count)}`).join();
    if (told !== topic.changes) differences.push(`${table}: ${topic.changes} in place of ${told}`);
    differences.push(...topic.misplaced.map((event) => `${table}: twice or too late ${event}`));
    const rows = (await sql(`SELECT * FROM ${table}`)) as Row[];
    const columns = Object.keys(rows[0] ?? {});
    if (topic.rows.size !== rows.length)
      differences.push(`${table}: ${topic.rows.size} rows in place of ${rows.length}`);
    const wanted = new Set(rows.map((row) => text(row, columns)));
    for (const row of topic.rows.values())
      if (!wanted.has(text(row, columns))) differences.push(`${table}: ${text(row, columns)}`);
  }
  await kafka.close();
  return {differences: differences.slice(0, 20), events};
}

/** What the events of one partition amount to. */
class TopicState {
  /** The newest row of each key. */
  readonly rows = new Map<string, Row>();
  readonly misplaced: string[] = [];
  events = 0;
  #inserts = 0;
  #updates = 0;
  #deletes = 0;
  /** In the WAL, of the last change; two events of it differ by key or operation. */
  #position: Buffer = Buffer.alloc(0);
  #ofChange = new Set<string>();

  /** The changes that they tell of; one of the key is an update, told as a delete and a create. */
  get changes(): string {
    const counts = {DELETE: this.#deletes, INSERT: this.#inserts, UPDATE: this.#updates};
    return Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([op, count]) => `${op} ${count}`)
      .join();
  }

  add({key, value, headers}: ChangeEventRecord): void {
    this.events++;
    const event =
      value === null ? undefined : (JSON.parse(value) as {op: string; after: Row | null});
    const after = event?.after ?? null;
    if (after === null) this.rows.delete(String(key));
    else this.rows.set(String(key), after);
    if (event?.op === 'r') return;
    if (event?.op === 'u' || headers['__debezium.oldkey'] !== undefined) this.#updates++;
    else if (event?.op === 'c') this.#inserts++;
    else if (event?.op === 'd' && headers['__debezium.newkey'] === undefined) this.#deletes++;
    const position = headers['__millrace.source'] ?? Buffer.alloc(0);
    const id = `${key} ${event?.op}`;
    const order = Buffer.compare(position, this.#position);
    if (order > 0) this.#ofChange.clear();
    if (order < 0 || this.#ofChange.has(id))
      this.misplaced.push(`${position.toString('hex')} ${id}`);
    this.#ofChange.add(id);
    this.#position = position;
  }
}

/** A column that was added later is null in older rows. */
function text(row: Row, columns: readonly string[]): string {
  return JSON.stringify(columns.map((column) => row[column] ?? null));
}
