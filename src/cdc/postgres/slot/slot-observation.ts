import type {Client} from 'pg';
import {readPublication} from '../catalog/publication.ts';
import type {PublicationState} from '../catalog/publication.ts';
import {findTables} from '../catalog/table-catalog.ts';
import type {FoundTable} from '../catalog/table-catalog.ts';
import {parseLsn} from '../lsn.ts';

/** The server, the slot, the publication and the tables as they were found. */
export interface SlotObservation {
  readonly server: ServerObservation;
  readonly slot: ObservedSlot | undefined;
  readonly publication: PublicationState | undefined;
  readonly found: readonly FoundTable[];
}

export interface ServerObservation {
  readonly systemId: string;
  /** Undefined on a standby, which has no WAL of its own. */
  readonly timeline: number | undefined;
  readonly inRecovery: boolean;
  /** Where the next WAL record will be; on a standby: what was replayed. */
  readonly walEnd: bigint;
  /** `max_slot_wal_keep_size` in bytes; undefined without a limit. */
  readonly walKeepBytes: number | undefined;
}

/** A row of `pg_replication_slots`, with what newer versions have. */
export interface ObservedSlot {
  readonly activePid: number | undefined;
  readonly walStatus: string | undefined;
  /** Bytes of WAL that can be written before the slot is in danger of being lost; undefined without a limit. */
  readonly safeWalSize: number | undefined;
  readonly restartLsn: bigint | undefined;
  readonly confirmedFlush: bigint | undefined;
  /** Postgres 17 and later: `wal_removed`, `rows_removed`, `wal_level_insufficient`, `idle_timeout`. */
  readonly invalidationReason: string | undefined;
  /** Postgres 17 and later: since when nobody reads it. */
  readonly inactiveSince: string | undefined;
  /** Postgres 17 and later: whether standbys keep a copy. */
  readonly failover: boolean;
  /** Postgres 17 and later: this is such a copy, or was one before the promotion. */
  readonly synced: boolean;
}

interface Row {
  readonly systemId: string;
  readonly timeline: number | null;
  readonly inRecovery: boolean;
  readonly walEnd: string;
  readonly walKeepBytes: number | null;
  readonly slot: {
    readonly active_pid: number | null;
    readonly wal_status: string | null;
    readonly safe_wal_size: number | null;
    readonly restart_lsn: string | null;
    readonly confirmed_flush_lsn: string | null;
    readonly invalidation_reason?: string | null;
    readonly inactive_since?: string | null;
    readonly failover?: boolean;
    readonly synced?: boolean;
  } | null;
}

/** Columns of newer versions come by way of JSON, so that 14 takes the query, too. */
const query = `
  SELECT (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) AS "systemId",
    CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
      ELSE ('x' || substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))::bit(32)::int
    END AS timeline,
    pg_catalog.pg_is_in_recovery() AS "inRecovery",
    CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
      ELSE pg_catalog.pg_current_wal_lsn()
    END::text AS "walEnd",
    (SELECT nullif(setting, '-1')::float8 * 1048576 FROM pg_catalog.pg_settings
      WHERE name = 'max_slot_wal_keep_size') AS "walKeepBytes",
    (SELECT to_jsonb(s) FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = $1) AS slot`;

/**
 * Needs no more than the right to connect, and waits for no table that somebody has locked, as `pg_publication_tables`
 * does from Postgres 16 on: it reads catalogs only. Whatever waits all the same is cancelled after `timeoutMs`.
 */
export async function observeSlot(
  client: Client,
  slotName: string,
  publicationName: string,
  timeoutMs: number,
): Promise<SlotObservation> {
  // By the server: a connection that is only closed goes on waiting there.
  await client.query(`SET statement_timeout = ${timeoutMs}`);
  const {rows} = await client.query<Row>(query, [slotName]);
  const row = rows[0];
  if (row === undefined) throw new Error('the server answered without a row');
  const {slot, systemId, timeline, inRecovery, walEnd, walKeepBytes} = row;
  return {
    server: {
      systemId,
      timeline: timeline ?? undefined,
      inRecovery,
      walEnd: parseLsn(walEnd),
      walKeepBytes: walKeepBytes ?? undefined,
    },
    slot: slot === null ? undefined : observedSlot(slot),
    publication: await readPublication(client, publicationName),
    found: await findTables(client),
  };
}

function observedSlot(row: NonNullable<Row['slot']>): ObservedSlot {
  return {
    activePid: row.active_pid ?? undefined,
    walStatus: row.wal_status ?? undefined,
    safeWalSize: row.safe_wal_size ?? undefined,
    restartLsn: lsnOf(row.restart_lsn),
    confirmedFlush: lsnOf(row.confirmed_flush_lsn),
    invalidationReason: row.invalidation_reason ?? undefined,
    inactiveSince: row.inactive_since ?? undefined,
    failover: row.failover === true,
    synced: row.synced === true,
  };
}

function lsnOf(text: string | null): bigint | undefined {
  return text === null ? undefined : parseLsn(text);
}
