import type {Condition} from '../../../common/conditions.ts';
import {slotLostRemedy} from '../connection/errors.ts';
import {formatLsn} from '../lsn.ts';
import {quote, quoteName} from '../catalog/publication.ts';
import type {PublicationMode} from '../catalog/publication.ts';
import type {ObservedPublication} from './observed-publication.ts';
import type {ObservedSlot, ServerObservation} from './slot-observation.ts';
import type {Stall} from './slot-stall.ts';

export type SlotCondition = Omit<Condition, 'subject'>;

export interface SlotFacts {
  readonly server: ServerObservation;
  readonly slot: ObservedSlot | undefined;
  readonly publication: ObservedPublication | undefined;
  /** For messages: `source camel: Postgres at host:5432`. */
  readonly where: string;
  readonly slotName: string;
  readonly publicationName: string;
  /** `filtered` where not given. */
  readonly publicationMode?: PublicationMode | undefined;
  /** `publish.via.partition.root`; off where not given. */
  readonly publishViaPartitionRoot?: boolean | undefined;
  /** `schema.table` of the captured tables, those that are gone left out. */
  readonly captured: readonly string[];
  /** PID of the walsender that streams to us; undefined while none does. */
  readonly pid: number | undefined;
  /** The highest position that we have ever told the server is durable. */
  readonly confirmed: bigint;
  /** The server that the positions belong to. */
  readonly systemId: string;
  /** Of that server when the source was opened; undefined where it is not known. */
  readonly timeline: number | undefined;
  readonly stall: Stall | undefined;
}

/** Below this part of `max_slot_wal_keep_size` an operator has to act soon. */
const lowPart = 0.2;

/** What is wrong with the slot, the publication and the server right now; at most one condition for each code. */
export function slotConditions(facts: SlotFacts): readonly SlotCondition[] {
  const other = serverCondition(facts);
  // On another server nothing else can be compared.
  if (other?.code === 'CDC_SERVER_CHANGED') return [other];
  return [
    other,
    slotCondition(facts),
    facts.slot && walCondition(facts, facts.slot),
    publicationCondition(facts),
    stallCondition(facts),
  ].filter((condition) => condition !== undefined);
}

function serverCondition({
  where,
  server,
  systemId,
  timeline,
  slotName,
}: SlotFacts): SlotCondition | undefined {
  if (server.systemId !== systemId)
    return {
      code: 'CDC_SERVER_CHANGED',
      message: `${where} is another server (system identifier ${server.systemId}) than the one that is read (${systemId}); point database.hostname at the old one, or ${slotLostRemedy({slotName})}`,
    };
  if (server.inRecovery)
    return {
      code: 'CDC_TIMELINE_SWITCHED',
      severity: 'warning',
      message: `${where} is a standby now; name the new primary in database.hostname, as a list with this one`,
    };
  if (timeline !== undefined && server.timeline !== undefined && server.timeline !== timeline)
    return {
      code: 'CDC_TIMELINE_SWITCHED',
      severity: 'warning',
      message: `${where} was promoted: its timeline was ${timeline} and is ${server.timeline}; the source goes on there when it connects again, if slot ${slotName} came along: SELECT slot_name, failover, synced, confirmed_flush_lsn FROM pg_replication_slots`,
    };
  return undefined;
}

function slotCondition(facts: SlotFacts): SlotCondition | undefined {
  const {where, slotName, slot, confirmed, pid} = facts;
  if (slot === undefined)
    return {
      code: 'CDC_SLOT_LOST',
      message: `${where}: slot ${slotName} does not exist any more, changes after ${formatLsn(confirmed)} may be gone; ${slotLostRemedy({slotName})}`,
    };
  if (slot.walStatus === 'lost' || slot.invalidationReason !== undefined)
    return {
      code: 'CDC_SLOT_LOST',
      message: `${where}: slot ${slotName} was invalidated (${slot.invalidationReason ?? 'wal_removed'}), WAL after ${formatLsn(confirmed)} is gone; ${slotLostRemedy({slotName})}`,
    };
  if (slot.confirmedFlush !== undefined && slot.confirmedFlush > confirmed)
    return {
      code: 'CDC_SLOT_MOVED',
      message: `${where}: slot ${slotName} was recreated or advanced by somebody else: it is at ${formatLsn(slot.confirmedFlush)}, Kafka has everything up to ${formatLsn(confirmed)}, what is between is missing; ${slotLostRemedy({slotName})}`,
    };
  return pid === undefined ? undefined : inactiveCondition(facts, slot, pid);
}

function inactiveCondition(
  {where, slotName}: SlotFacts,
  {activePid, inactiveSince}: ObservedSlot,
  pid: number,
): SlotCondition | undefined {
  if (activePid === pid) return undefined;
  const message =
    activePid === undefined
      ? `${where}: slot ${slotName} is inactive${inactiveSince === undefined ? '' : ` since ${inactiveSince}`}: the server has ended the connection and we have not heard of it, so nothing comes; the source connects again within twice wal_sender_timeout, and if this comes back look for a firewall that drops idle connections`
      : `${where}: slot ${slotName} is active for PID ${activePid}, which is not ours (${pid}); stop the other client: SELECT pg_terminate_backend(${activePid}), or give this source its own slot.name`;
  return {code: 'CDC_SLOT_INACTIVE', message};
}

function walCondition(
  {where, slotName, server}: SlotFacts,
  {walStatus, safeWalSize, restartLsn}: ObservedSlot,
): SlotCondition | undefined {
  if (walStatus === 'lost') return undefined;
  const limit = server.walKeepBytes;
  const isLow = safeWalSize !== undefined && limit !== undefined && safeWalSize < limit * lowPart;
  if (walStatus !== 'unreserved' && !isLow) return undefined;
  const kept =
    restartLsn === undefined ? '' : `, ${megabytes(server.walEnd - restartLsn)} are kept`;
  const state =
    walStatus === 'unreserved'
      ? 'is unreserved: the next checkpoint may remove WAL that it needs'
      : `may lose its WAL after ${megabytes(safeWalSize ?? 0)} more`;
  return {
    code: 'CDC_WAL_AT_RISK',
    severity: 'warning',
    message: `${where}: slot ${slotName} ${state} (max_slot_wal_keep_size ${megabytes(limit ?? 0)}${kept}); raise it now: ALTER SYSTEM SET max_slot_wal_keep_size = '${raised(limit)}'; SELECT pg_reload_conf(); then see why the source is behind`,
  };
}

function publicationCondition(facts: SlotFacts): SlotCondition | undefined {
  const {where, slotName, publicationName, publication, captured} = facts;
  const viaRoot = facts.publishViaPartitionRoot ?? false;
  if (publication === undefined)
    return {
      code: 'CDC_PUBLICATION_INVALID',
      message: `${where}: publication ${publicationName} was dropped, changes from now on cannot be read; if no captured table was written to since, run CREATE PUBLICATION ${quote(publicationName)} FOR TABLE ${listOf(captured)} WITH (publish_via_partition_root = ${viaRoot}), else ${slotLostRemedy({slotName})}`,
    };
  const absent = captured.filter((table) => !publication.tables.includes(table));
  if (absent.length > 0 || publication.missingOperations.length > 0)
    return narrowCondition(facts, publication, absent);
  if (publication.newTables.length > 0) return newTablesCondition(facts, publication.newTables);
  const filtered = captured.filter((table) => publication.filteredTables.includes(table));
  if (filtered.length === 0) return undefined;
  return {
    code: 'CDC_PUBLICATION_NARROW',
    severity: 'warning',
    message: `${where}: publication ${publicationName} has row filters or column lists for ${filtered.join(', ')}, so not all of their changes come; to capture them whole run ALTER PUBLICATION ${quote(publicationName)} SET TABLE ${listOf(captured)}`,
  };
}

/** Until the next start they are as if the filters did not match them. */
function newTablesCondition(
  {where, publicationName, publicationMode = 'filtered'}: SlotFacts,
  tables: readonly string[],
): SlotCondition {
  const names = tables.join(', ');
  const remedy =
    publicationMode === 'filtered'
      ? 'restart the source, which adds them and reads their rows'
      : `run ALTER PUBLICATION ${quote(publicationName)} ADD TABLE ${listOf(tables)}, restart the source, then take a snapshot of them: millrace snapshot ${names.replaceAll(',', '')}`;
  return {
    code: 'CDC_PUBLICATION_NARROW',
    severity: 'warning',
    message: `${where}: the filters match ${names} since the start, and publication ${publicationName} does not have them, so nothing of them is captured; ${remedy}`,
  };
}

function narrowCondition(
  {where, publicationName}: SlotFacts,
  {missingOperations}: ObservedPublication,
  absent: readonly string[],
): SlotCondition {
  const what = [
    absent.length > 0 && `does not name ${absent.join(', ')}`,
    missingOperations.length > 0 && `leaves out ${missingOperations.join(', ')}`,
  ].filter(Boolean);
  const remedies = [
    absent.length > 0 && `ALTER PUBLICATION ${quote(publicationName)} ADD TABLE ${listOf(absent)}`,
    missingOperations.length > 0 &&
      `ALTER PUBLICATION ${quote(publicationName)} SET (publish = 'insert, update, delete, truncate')`,
  ].filter(Boolean);
  return {
    code: 'CDC_PUBLICATION_NARROW',
    message: `${where}: publication ${publicationName} ${what.join(' and ')}, so those changes are missing for as long as that lasts; run ${remedies.join('; ')}, then take a new snapshot of what was missed`,
  };
}

function stallCondition({where, slotName, stall, pid}: SlotFacts): SlotCondition | undefined {
  if (stall === undefined) return undefined;
  const seconds = Math.round(stall.forMs / 1000);
  const waiting = megabytes(stall.bytes);
  if (stall.kind === 'received')
    return {
      code: 'CDC_STALLED',
      message: `${where}: nothing has come from slot ${slotName} for ${seconds} s, while ${waiting} of WAL wait; see what its walsender does: SELECT pid, state, wait_event_type, wait_event FROM pg_stat_activity WHERE pid = ${pid ?? 'active_pid'}; one huge transaction may take as long, else end it: SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '${slotName}'`,
    };
  return {
    code: 'CDC_STALLED',
    message: `${where}: nothing of slot ${slotName} has become durable in Kafka for ${seconds} s, while ${waiting} of WAL wait; see the conditions of Kafka and of the schema registry; one huge transaction may take as long`,
  };
}

function listOf(tables: readonly string[]): string {
  return tables.map(quoteName).join(', ');
}

function megabytes(bytes: bigint | number): string {
  return `${(Number(bytes) / 1048576).toFixed(1)} MB`;
}

/** Twice the limit, as a setting. */
function raised(limit: number | undefined): string {
  return `${Math.max(1, Math.round(((limit ?? 0) * 2) / 1048576))}MB`;
}
