import type {Client, QueryResultRow} from 'pg';
import type {Clock} from '../../../common/clock.ts';
import {RetriableError} from '../../../common/errors.ts';
import {backendPid, connect, disconnect, terminate} from '../connection/connection.ts';
import type {PostgresAddress} from '../connection/connection.ts';
import {parseLsn} from '../lsn.ts';
import type {SlotState} from './starting-point.ts';

export interface SlotCreation {
  readonly slotName: string;
  /** Gone with the connection: for a snapshot that nothing follows. */
  readonly temporary: boolean;
  /** Standbys keep a copy; from Postgres 17 on only. */
  readonly failover: boolean;
  /** How long to wait for transactions that were open before. */
  readonly timeoutMs: number;
  /** For messages: `source camel: Postgres at host:5432`. */
  readonly where: string;
  /** Is told whom it waits for once it has waited for some seconds. */
  readonly onBlocked: (message: string) => void;
}

export interface CreatedSlot {
  /** Everything committed before it is in the snapshot, everything after it comes in the stream. */
  readonly consistentPoint: bigint;
  /** Can be imported until the creating connection runs its next command or closes. */
  readonly snapshotName: string;
}

export async function readSlot(client: Client, slotName: string): Promise<SlotState | undefined> {
  // The walsender takes the simple protocol only: no parameters.
  const {rows} = await client.query<{
    plugin: string;
    database: string;
    pid: number | null;
    wal_status: string | null;
    confirmed: string | null;
    failover: string | null;
  }>(
    `SELECT plugin, database, active_pid AS pid, wal_status, confirmed_flush_lsn AS confirmed,
       to_jsonb(s) ->> 'failover' AS failover
     FROM pg_catalog.pg_replication_slots s WHERE slot_name = ${client.escapeLiteral(slotName)}`,
  );
  const row = rows[0];
  return (
    row && {
      plugin: row.plugin,
      database: row.database,
      activePid: row.pid ?? undefined,
      walStatus: row.wal_status ?? undefined,
      confirmedFlush: row.confirmed === null ? undefined : parseLsn(row.confirmed),
      failover: row.failover === null ? undefined : row.failover === 'true',
    }
  );
}

export async function dropSlot(client: Client, slotName: string): Promise<void> {
  await client.query(
    `SELECT pg_catalog.pg_drop_replication_slot(${client.escapeLiteral(slotName)})`,
  );
}

/** On a connection of its own. */
export async function dropSlotOf(address: PostgresAddress, slotName: string): Promise<void> {
  await queryOnce(address, 'SELECT pg_catalog.pg_drop_replication_slot($1)', [slotName]);
}

/** How long a creation may wait before it is told. Milliseconds. */
const noticeAfterMs = 3_000;

/** Makes an existing slot one that standbys copy, from Postgres 17 on. */
export async function enableFailover(walsender: Client, slotName: string): Promise<void> {
  await walsender.query(`ALTER_REPLICATION_SLOT "${slotName}" (FAILOVER true)`);
}

/**
 * Creates the slot on `walsender` and exports its snapshot there.
 *
 * Postgres waits for every transaction that is open and has written; after `timeoutMs` the creation is cancelled, which
 * leaves no slot behind.
 *
 * @throws RetriableError `CDC_SLOT_BLOCKED` that names the sessions in the way.
 */
export async function createSlot(
  walsender: Client,
  address: PostgresAddress,
  {slotName, temporary, failover, timeoutMs, where, onBlocked}: SlotCreation,
  clock: Clock,
): Promise<CreatedSlot> {
  const pid = backendPid(walsender);
  const done = new AbortController();
  const kind = temporary ? 'TEMPORARY ' : '';
  // The older of the two syntaxes where it does: all versions take it.
  const options = failover ? `(SNAPSHOT 'export', FAILOVER true)` : 'EXPORT_SNAPSHOT';
  const creation = walsender
    .query<{consistent_point: string; snapshot_name: string}>(
      `CREATE_REPLICATION_SLOT "${slotName}" ${kind}LOGICAL pgoutput ${options}`,
    )
    .finally(() => done.abort());
  let blockers: string | undefined;
  const isOver = async (ms: number): Promise<boolean> => {
    await clock.sleep(ms, done.signal);
    return done.signal.aborted;
  };
  const watch = async (): Promise<void> => {
    const noticeMs = Math.min(noticeAfterMs, timeoutMs / 2);
    if (await isOver(noticeMs)) return;
    onBlocked(
      `${where}: slot ${slotName} cannot be created before open transactions end: ${await blockersOf(address, pid)}; ${blockedRemedy}`,
    );
    if (await isOver(timeoutMs - noticeMs)) return;
    blockers = await blockersOf(address, pid);
    await queryOnce(address, 'SELECT pg_catalog.pg_cancel_backend($1)', [pid]);
  };
  const watchOrEnd = async (): Promise<void> => {
    try {
      await watch();
    } catch {
      // What cannot be looked at cannot be cancelled in time either.
      terminate(walsender);
    }
  };
  const watching = watchOrEnd();
  try {
    const {rows} = await creation;
    const row = rows[0];
    if (row === undefined) throw new Error('CREATE_REPLICATION_SLOT returned no row');
    return {consistentPoint: parseLsn(row.consistent_point), snapshotName: row.snapshot_name};
  } catch (error) {
    if (blockers === undefined) throw error;
    throw new RetriableError(
      'CDC_SLOT_BLOCKED',
      `${where}: slot ${slotName} could not be created within ${timeoutMs / 1000} s, because Postgres waits for open transactions: ${blockers}; ${blockedRemedy}`,
      {cause: error},
    );
  } finally {
    await watching;
  }
}

const blockedRemedy = 'end them (SELECT pg_terminate_backend(pid)) or wait';

/** On a connection of its own: the one that is to import the snapshot may not have run a query before. */
async function blockersOf(address: PostgresAddress, pid: number): Promise<string> {
  const rows = await queryOnce<{blocker: string}>(
    address,
    `SELECT format('PID %s of user %s, %s since %s', pid, usename, state, xact_start::timestamptz(0)) AS blocker
     FROM pg_catalog.pg_stat_activity WHERE pid = ANY (pg_catalog.pg_blocking_pids($1)) ORDER BY xact_start`,
    [pid],
  );
  return rows.map(({blocker}) => blocker).join(', ') || 'see pg_prepared_xacts';
}

async function queryOnce<R extends QueryResultRow>(
  address: PostgresAddress,
  sql: string,
  values: readonly unknown[],
): Promise<readonly R[]> {
  const client = await connect(address, 'query');
  try {
    const {rows} = await client.query<R>(sql, [...values]);
    return rows;
  } finally {
    disconnect(client);
  }
}

/** The cluster of a walsender's server; LSNs mean something within it only, and within what its timelines share. */
export interface SystemIdentity {
  readonly systemId: string;
  readonly timeline: number;
  /** What it has flushed. */
  readonly walEnd: bigint;
}

export async function identifySystem(walsender: Client): Promise<SystemIdentity> {
  const {rows} = await walsender.query<{
    systemid: string;
    timeline: number | string;
    xlogpos: string;
  }>('IDENTIFY_SYSTEM');
  const row = rows[0];
  if (row === undefined) throw new Error('IDENTIFY_SYSTEM returned no row');
  return {
    systemId: row.systemid,
    timeline: Number(row.timeline),
    walEnd: parseLsn(row.xlogpos),
  };
}
