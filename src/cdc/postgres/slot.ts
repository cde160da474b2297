import type {Client} from 'pg';
import type {Clock} from '../../common/clock.ts';
import {RetriableError} from '../../common/errors.ts';
import {parseLsn} from './lsn.ts';
import type {SlotState} from './starting-point.ts';

export interface SlotCreation {
  readonly slotName: string;
  /** Gone with the connection: for a snapshot that nothing follows. */
  readonly temporary: boolean;
  /** How long to wait for transactions that were open before. */
  readonly timeoutMs: number;
  /** For messages: `source camel: Postgres at host:5432`. */
  readonly where: string;
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
  }>(
    `SELECT plugin, database, active_pid AS pid, wal_status, confirmed_flush_lsn AS confirmed
     FROM pg_catalog.pg_replication_slots WHERE slot_name = ${client.escapeLiteral(slotName)}`,
  );
  const row = rows[0];
  return (
    row && {
      plugin: row.plugin,
      database: row.database,
      activePid: row.pid ?? undefined,
      walStatus: row.wal_status ?? undefined,
      confirmedFlush: row.confirmed === null ? undefined : parseLsn(row.confirmed),
    }
  );
}

export async function dropSlot(client: Client, slotName: string): Promise<void> {
  await client.query(
    `SELECT pg_catalog.pg_drop_replication_slot(${client.escapeLiteral(slotName)})`,
  );
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
  admin: Client,
  {slotName, temporary, timeoutMs, where}: SlotCreation,
  clock: Clock,
): Promise<CreatedSlot> {
  const {rows: own} = await walsender.query<{pid: number}>(
    'SELECT pg_catalog.pg_backend_pid() AS pid',
  );
  const pid = own[0]?.pid ?? 0;
  const done = new AbortController();
  const kind = temporary ? 'TEMPORARY ' : '';
  const creation = walsender
    // The older of the two syntaxes: all versions take it.
    .query<{consistent_point: string; snapshot_name: string}>(
      `CREATE_REPLICATION_SLOT "${slotName}" ${kind}LOGICAL pgoutput EXPORT_SNAPSHOT`,
    )
    .finally(() => done.abort());
  let blockers: string | undefined;
  const watch = async (): Promise<void> => {
    await clock.sleep(timeoutMs, done.signal);
    if (done.signal.aborted) return;
    blockers = await describeBlockers(admin, pid);
    await admin.query('SELECT pg_catalog.pg_cancel_backend($1)', [pid]);
  };
  const watching = watch();
  try {
    const {rows} = await creation;
    const row = rows[0];
    if (row === undefined) throw new Error('CREATE_REPLICATION_SLOT returned no row');
    return {consistentPoint: parseLsn(row.consistent_point), snapshotName: row.snapshot_name};
  } catch (error) {
    await watching;
    if (blockers === undefined) throw error;
    throw new RetriableError(
      'CDC_SLOT_BLOCKED',
      `${where}: slot ${slotName} could not be created within ${timeoutMs / 1000} s, because Postgres waits for open transactions: ${blockers}; end them (SELECT pg_terminate_backend(pid)) or wait`,
      {cause: error},
    );
  }
}

async function describeBlockers(admin: Client, pid: number): Promise<string> {
  const {rows} = await admin.query<{blocker: string}>(
    `SELECT format('PID %s of user %s, %s since %s', pid, usename, state, xact_start::timestamptz(0)) AS blocker
     FROM pg_catalog.pg_stat_activity WHERE pid = ANY (pg_catalog.pg_blocking_pids($1)) ORDER BY xact_start`,
    [pid],
  );
  return rows.map(({blocker}) => blocker).join(', ') || 'see pg_prepared_xacts';
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
