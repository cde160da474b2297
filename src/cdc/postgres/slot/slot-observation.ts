import type {Client} from 'pg';
import {parseLsn} from '../lsn.ts';

/** The server, the slot and the publication as one query found them. */
export interface SlotObservation {
  readonly server: ServerObservation;
  readonly slot: ObservedSlot | undefined;
  readonly publication: ObservedPublication | undefined;
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

export interface ObservedPublication {
  /** `schema.table` of all that it publishes: those that it names, and the partitions where they go under their own name. */
  readonly tables: readonly string[];
  /** Of `insert`, `update`, `delete` and `truncate`, what it leaves out. */
  readonly missingOperations: readonly string[];
  /** `schema.table` of those with a row filter or a column list. */
  readonly filteredTables: readonly string[];
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
  readonly publication: ObservedPublication | null;
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
    (SELECT to_jsonb(s) FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = $1) AS slot,
    (SELECT jsonb_build_object(
        'tables', (
          SELECT coalesce(jsonb_agg(DISTINCT name), '[]') FROM (
            SELECT schemaname || '.' || tablename AS name
            FROM pg_catalog.pg_publication_tables WHERE pubname = p.pubname
            UNION ALL
            SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_publication_rel r
            JOIN pg_catalog.pg_class c ON c.oid = r.prrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE r.prpubid = p.oid
          ) published),
        'missingOperations', (
          SELECT coalesce(jsonb_agg(operation), '[]') FROM (
            VALUES ('insert', p.pubinsert), ('update', p.pubupdate), ('delete', p.pubdelete), ('truncate', p.pubtruncate)
          ) AS operations (operation, published) WHERE NOT published),
        'filteredTables', (
          SELECT coalesce(jsonb_agg(n.nspname || '.' || c.relname), '[]') FROM pg_catalog.pg_publication_rel r
          JOIN pg_catalog.pg_class c ON c.oid = r.prrelid
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE r.prpubid = p.oid
            AND (to_jsonb(r) ->> 'prqual' IS NOT NULL OR to_jsonb(r) ->> 'prattrs' IS NOT NULL)))
      FROM pg_catalog.pg_publication p WHERE p.pubname = $2) AS publication`;

/** Needs no more than the right to connect. */
export async function observeSlot(
  client: Client,
  slotName: string,
  publicationName: string,
): Promise<SlotObservation> {
  const {rows} = await client.query<Row>(query, [slotName, publicationName]);
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
    publication: row.publication ?? undefined,
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
