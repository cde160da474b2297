import type {Client} from 'pg';

/** What a check asks a server about itself and about the user, beside the catalog. */
export interface ServerState {
  /** `server_version_num`: 180001. */
  readonly version: number;
  readonly inRecovery: boolean;
  readonly walLevel: string;
  readonly maxReplicationSlots: number;
  /** Of all databases. */
  readonly usedReplicationSlots: number;
  readonly maxWalSenders: number;
  readonly usedWalSenders: number;
  /** Milliseconds; 0: none. */
  readonly walSenderTimeoutMs: number;
  /** Megabytes; -1: no limit. */
  readonly maxSlotWalKeepMb: number;
  /** Seconds; 0: none, and before Postgres 18. */
  readonly idleSlotTimeoutS: number;
  readonly isSuperuser: boolean;
  /** By an attribute of its own, or as a member of a role that a cloud gives it by. */
  readonly mayReplicate: boolean;
  /** The role that gives it in this cloud; null where the attribute does. */
  readonly replicationRole: string | null;
  /** CREATE on the database: what a publication takes. */
  readonly mayCreate: boolean;
  /** Whether the publication, where there is one, is this user's. */
  readonly ownsPublication: boolean;
  /** Of all captured tables, by oid: whether the user is, or is a member of, the owner. */
  readonly owned: readonly number[];
  /** Schemas of the captured tables that the user may not look into. */
  readonly closedSchemas: readonly string[];
}

/** Changes nothing, and needs no more than the right to connect. */
export async function readServerState(
  client: Client,
  publicationName: string,
  oids: readonly number[],
): Promise<ServerState> {
  const {rows} = await client.query<ServerState>(
    `SELECT current_setting('server_version_num')::int AS version, pg_catalog.pg_is_in_recovery() AS "inRecovery",
       current_setting('wal_level') AS "walLevel",
       current_setting('max_replication_slots')::int AS "maxReplicationSlots",
       (SELECT count(*)::int FROM pg_catalog.pg_replication_slots) AS "usedReplicationSlots",
       current_setting('max_wal_senders')::int AS "maxWalSenders",
       (SELECT count(*)::int FROM pg_catalog.pg_stat_replication) AS "usedWalSenders",
       (SELECT setting::float8 FROM pg_catalog.pg_settings WHERE name = 'wal_sender_timeout') AS "walSenderTimeoutMs",
       (SELECT setting::float8 FROM pg_catalog.pg_settings WHERE name = 'max_slot_wal_keep_size') AS "maxSlotWalKeepMb",
       coalesce((SELECT setting::float8 FROM pg_catalog.pg_settings WHERE name = 'idle_replication_slot_timeout'), 0)
         AS "idleSlotTimeoutS",
       role.rolsuper AS "isSuperuser",
       role.rolsuper OR role.rolreplication OR coalesce(pg_catalog.pg_has_role(cloud.oid, 'MEMBER'), false)
         AS "mayReplicate",
       cloud.rolname AS "replicationRole",
       pg_catalog.has_database_privilege(current_database(), 'CREATE') AS "mayCreate",
       EXISTS (SELECT FROM pg_catalog.pg_publication WHERE pubname = $1 AND pg_catalog.pg_has_role(pubowner, 'USAGE'))
         AS "ownsPublication",
       (SELECT coalesce(json_agg(c.oid::bigint), '[]') FROM pg_catalog.pg_class c
        WHERE c.oid = ANY ($2::bigint[]::oid[]) AND pg_catalog.pg_has_role(c.relowner, 'USAGE')) AS owned,
       (SELECT coalesce(json_agg(DISTINCT n.nspname), '[]')
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = ANY ($2::bigint[]::oid[]) AND NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE'))
         AS "closedSchemas"
     FROM pg_catalog.pg_roles role
     LEFT JOIN pg_catalog.pg_roles cloud ON cloud.rolname = 'rds_replication'
     WHERE role.rolname = current_user`,
    [publicationName, oids],
  );
  const state = rows[0];
  if (state === undefined) throw new Error('the server answered without a row');
  return state;
}
