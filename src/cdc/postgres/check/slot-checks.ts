import {failedBy, ok, warning} from '../../../common/check-result.ts';
import type {CheckResult} from '../../../common/check-result.ts';
import type {SourceOffset} from '../../replication-source.ts';
import {slotLostRemedy} from '../connection/errors.ts';
import type {SlotObservation} from '../slot/slot-observation.ts';
import {slotConditions} from '../slot/slot-conditions.ts';
import {failoverSlotsSince} from '../slot/slot-options.ts';
import {startingDecision} from '../slot/starting-point.ts';
import type {SlotState, SnapshotMode} from '../slot/starting-point.ts';

/** What Kafka has of a slot; undefined where it could not be asked. */
export interface StoredPosition {
  /** Whether the service has made the slot, or was about to. */
  readonly isClaimed: boolean;
  /** Up to where its changes are in Kafka; undefined before the first of them. */
  readonly offset: SourceOffset | undefined;
}

export interface SlotCheckFacts {
  /** For messages: `source camel: Postgres at host:5432`. */
  readonly where: string;
  readonly slotName: string;
  readonly publicationName: string;
  readonly dbname: string;
  readonly snapshotMode: SnapshotMode;
  readonly slot: SlotState | undefined;
  readonly observation: SlotObservation;
  readonly stored: StoredPosition | undefined;
  /** `slot.failover`. */
  readonly failover: boolean;
  /** `server_version_num`. */
  readonly version: number;
}

/** What the slot is like, as far as the server and what is known of Kafka say. */
export function slotChecks(facts: SlotCheckFacts): readonly CheckResult[] {
  const {slotName, observation, stored, failover, version} = facts;
  const name = `slot ${slotName}`;
  const results: CheckResult[] = [];
  if (failover && version < failoverSlotsSince)
    results.push(
      warning(name, 'slot.failover has no effect before Postgres 17: a promotion loses the slot', {
        remedy: 'upgrade, or set slot.failover: false and plan for snapshot.mode: when_needed',
      }),
    );
  const decision = startingDecision({
    ...facts,
    durable: stored?.offset,
    isClaimed: stored?.isClaimed ?? true,
    systemId: observation.server.systemId,
    diverged: undefined,
  });
  if (decision.action === 'fail') return [...results, failedBy(name, decision.error)];
  if (observation.slot === undefined)
    return [
      ...results,
      ok(
        name,
        decision.action === 'create' && decision.snapshot
          ? 'the service makes it, and takes a snapshot'
          : 'the service makes it',
      ),
    ];
  const lost = conditionsOf(facts, observation.slot);
  if (lost.length > 0) return [...results, ...lost];
  const {activePid, walStatus = 'reserved'} = observation.slot;
  const state = activePid === undefined ? 'inactive' : `active for PID ${activePid}`;
  const found = `there, ${state}, wal_status ${walStatus}`;
  if (activePid === undefined) return [...results, ok(name, found)];
  results.push(
    warning(name, found, {
      remedy:
        'where that is not this service, which runs: stop the other client, or choose another slot.name',
      commands: [`SELECT pg_terminate_backend(${activePid});`],
    }),
  );
  return results;
}

/** What the monitor of a running source would say of the slot; it judges as if nobody had moved it. */
function conditionsOf(
  {where, slotName, publicationName, observation}: SlotCheckFacts,
  slot: NonNullable<SlotObservation['slot']>,
): readonly CheckResult[] {
  const {server} = observation;
  const conditions = slotConditions({
    where,
    slotName,
    publicationName,
    server,
    slot,
    publication: undefined,
    captured: [],
    pid: undefined,
    confirmed: slot.confirmedFlush ?? 0n,
    systemId: server.systemId,
    timeline: undefined,
    stall: undefined,
  });
  return conditions.flatMap((condition): readonly CheckResult[] => {
    const {code, message} = condition;
    const name = `slot ${slotName}`;
    const [detail = ''] = message.split('; ');
    if (code === 'CDC_SLOT_LOST')
      return [{name, outcome: 'failed', detail, remedy: slotLostRemedy({slotName})}];
    if (code !== 'CDC_WAL_AT_RISK') return [];
    return [{name, outcome: 'warning', detail, remedy: message.slice(detail.length + 2)}];
  });
}
