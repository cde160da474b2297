import {FatalError} from '../../../common/errors.ts';
import type {SourceOffset} from '../../replication-source.ts';
import {formatLsn} from '../lsn.ts';
import {slotLostRemedy} from '../connection/errors.ts';

/** When rows are read that were there before: Debezium's `snapshot.mode`. */
export type SnapshotMode = 'initial' | 'never' | 'initial_only' | 'when_needed' | 'always';

/** A row of `pg_replication_slots`. */
export interface SlotState {
  readonly plugin: string;
  readonly database: string;
  readonly activePid: number | undefined;
  /** `lost`: WAL that it needs is gone. */
  readonly walStatus: string | undefined;
  /** Undefined while the slot is being made. */
  readonly confirmedFlush: bigint | undefined;
  /** Whether standbys keep a copy; undefined before Postgres 17. */
  readonly failover?: boolean | undefined;
}

/** Whether a start in this mode takes a snapshot even if nothing was lost. */
export function expectsSnapshot(mode: SnapshotMode, durable: SourceOffset | undefined): boolean {
  return mode === 'always' || (durable === undefined && mode !== 'never');
}

export interface StartingFacts {
  /** For messages: `source camel: Postgres at host:5432`. */
  readonly where: string;
  readonly slotName: string;
  readonly snapshotMode: SnapshotMode;
  readonly durable: SourceOffset | undefined;
  /** Whether this service has made the slot, as far as Kafka knows. */
  readonly isClaimed: boolean;
  readonly slot: SlotState | undefined;
  readonly systemId: string;
  /** Why the server's WAL is not the one that `durable` was read from, see `divergence`. */
  readonly diverged: string | undefined;
  readonly dbname: string;
}

export type StartingDecision =
  | {
      readonly action: 'create';
      readonly snapshot: boolean;
      readonly dropFirst: boolean;
      readonly reason: string;
    }
  /** With `snapshot`, the rows are published again, as of a point that streaming from `from` has reached. */
  | {readonly action: 'resume'; readonly from: bigint; readonly snapshot: boolean}
  | {readonly action: 'fail'; readonly error: FatalError};

/**
 * Compares what Kafka has with what the slot has.
 *
 * As confirmed ≤ durable always holds for our own writes, a slot that is ahead was moved by somebody else; Postgres would
 * start there without a word. Going on is possible only where nothing between the two is missing.
 *
 * | # | durable | slot | |
 * | --- | --- | --- | --- |
 * | 1 | any | of another database or plugin | fail |
 * | 2 | none | none | create, with a snapshot unless `never` |
 * | 3 | none | there, `never` | resume where the slot is |
 * | 4 | none | ours, else | drop and create: a snapshot was cut off, nothing of it counts |
 * | 4 | none | somebody's, else | fail: who made it may need it |
 * | 5 | of another server | any | lost |
 * | 6 | there | none | lost; `initial_only` has no slot and needs none |
 * | 7 | there | invalidated | lost |
 * | 8 | there | ahead of it | moved |
 * | 9 | on a timeline that the server has left | at or behind it | lost |
 * | 10 | there | at or behind it | resume at durable; under `always` with a snapshot on the way |
 *
 * Lost and moved (5–9) fail, except under `when_needed` and `always`: drop what is there and take a new snapshot. Where
 * nothing is missing `always` keeps the slot: without the changes since `durable`, rows deleted meanwhile would stay.
 */
export function startingDecision(facts: StartingFacts): StartingDecision {
  const {slot, durable, isClaimed, snapshotMode, systemId, slotName, where, dbname} = facts;
  if (slot !== undefined && (slot.plugin !== 'pgoutput' || slot.database !== dbname))
    return fail(
      'CDC_SLOT_IN_USE',
      `${where}: slot ${slotName} belongs to database ${slot.database} and plugin ${slot.plugin}; choose another slot.name`,
    );
  if (durable === undefined) {
    if (slot === undefined) return create(snapshotMode, false, 'there is no slot yet');
    if (snapshotMode === 'never' && slot.confirmedFlush !== undefined && slot.walStatus !== 'lost')
      return {action: 'resume', from: slot.confirmedFlush, snapshot: false};
    if (!isClaimed)
      return fail(
        'CDC_SLOT_IN_USE',
        `${where}: slot ${slotName} is there, and as far as Kafka knows this service has not made it; choose another slot.name, or where nobody needs it: SELECT pg_drop_replication_slot('${slotName}'); snapshot.mode: no_data goes on from where it is`,
      );
    return create(snapshotMode, true, 'the slot is there but nothing was committed from it');
  }
  const gap = missing(facts, durable, systemId);
  if (gap === undefined)
    return {action: 'resume', from: durable.lsn, snapshot: snapshotMode === 'always'};
  if (snapshotMode === 'when_needed' || snapshotMode === 'always')
    return create(snapshotMode, slot !== undefined, gap.reason);
  return fail(gap.code, `${where}: ${gap.reason}; ${slotLostRemedy({slotName})}`);
}

/** Why changes after `durable` may be missing on this server. */
function missing(
  {slot, slotName, snapshotMode, diverged}: StartingFacts,
  durable: SourceOffset,
  systemId: string,
): {readonly code: GapCode; readonly reason: string} | undefined {
  if (durable.systemId !== systemId)
    return {
      code: 'CDC_SLOT_LOST',
      reason: `this is another server (system identifier ${systemId}) than the one that was read so far (${durable.systemId})`,
    };
  const durableLsn = formatLsn(durable.lsn);
  if (slot === undefined) {
    if (snapshotMode === 'initial_only') return undefined;
    return {
      code: 'CDC_SLOT_LOST',
      reason: `slot ${slotName} does not exist any more, changes after ${durableLsn} may be gone`,
    };
  }
  if (slot.walStatus === 'lost' || slot.confirmedFlush === undefined)
    return {
      code: 'CDC_SLOT_LOST',
      reason: `slot ${slotName} was invalidated, WAL after ${durableLsn} is gone (see max_slot_wal_keep_size)`,
    };
  if (slot.confirmedFlush > durable.lsn)
    return {
      code: 'CDC_SLOT_MOVED',
      reason: `slot ${slotName} was recreated or advanced by somebody else: it is at ${formatLsn(slot.confirmedFlush)}, Kafka has everything up to ${durableLsn}, what is between is missing`,
    };
  if (diverged !== undefined) return {code: 'CDC_TIMELINE_SWITCHED', reason: diverged};
  return undefined;
}

function create(mode: SnapshotMode, dropFirst: boolean, reason: string): StartingDecision {
  return {action: 'create', snapshot: mode !== 'never', dropFirst, reason};
}

type GapCode = 'CDC_SLOT_LOST' | 'CDC_SLOT_MOVED' | 'CDC_TIMELINE_SWITCHED';

function fail(code: GapCode | 'CDC_SLOT_IN_USE', message: string): StartingDecision {
  return {action: 'fail', error: new FatalError(code, message)};
}
