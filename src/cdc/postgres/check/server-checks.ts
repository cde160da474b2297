import {failed, ok, warning} from '../../../common/check-result.ts';
import type {CheckResult} from '../../../common/check-result.ts';
import {walLevelStatement} from '../connection/errors.ts';
import {quote} from '../catalog/publication.ts';
import type {ServerState} from './server-state.ts';

/** As `server_version_num` has it. */
const oldestVersion = 140_000;

/** What is added to a limit that is reached. */
const someMore = 10;

/** Twice as long as a connection may be silent before the source takes it for dead. */
const shortTimeoutMs = 10_000;

const reload = 'SELECT pg_reload_conf();';

/** What the server itself is like. `hasSlot`: it is there already, and takes no other place. */
export function serverChecks(
  state: ServerState,
  {hasSlot}: {readonly hasSlot: boolean},
): readonly CheckResult[] {
  return [
    versionCheck(state),
    walLevelCheck(state),
    slotsCheck(state, hasSlot),
    sendersCheck(state, hasSlot),
    walKeepCheck(state),
    idleTimeoutCheck(state),
    senderTimeoutCheck(state),
  ].filter((result) => result !== undefined);
}

/** Whether the user may open a replication connection. */
export function replicationRoleCheck(
  {mayReplicate, isSuperuser, replicationRole}: ServerState,
  user: string,
): CheckResult {
  const name = 'right to replicate';
  if (mayReplicate) return ok(name, isSuperuser ? 'superuser' : 'REPLICATION');
  return failed(name, `user ${user} may not replicate`, {
    remedy: 'run as a superuser, or who manages roles',
    commands: [
      replicationRole === null
        ? `ALTER ROLE ${quote(user)} REPLICATION;`
        : `GRANT ${replicationRole} TO ${quote(user)};`,
    ],
  });
}

function versionCheck({version, inRecovery}: ServerState): CheckResult {
  const major = Math.floor(version / 10_000);
  const found = `Postgres ${major}`;
  if (version < oldestVersion)
    return failed('version', found, {remedy: 'upgrade to Postgres 14 or later'});
  if (inRecovery)
    return failed('version', `${found}, a standby`, {
      remedy: 'name the primary in database.hostname, or both as a list',
    });
  return ok('version', `${found}, a primary`);
}

function walLevelCheck({walLevel}: ServerState): CheckResult {
  if (walLevel === 'logical') return ok('wal_level', walLevel);
  return failed('wal_level', `${walLevel} in place of logical`, {
    remedy: 'run as a superuser, then restart Postgres',
    commands: [`${walLevelStatement};`],
  });
}

function slotsCheck(
  {maxReplicationSlots: max, usedReplicationSlots: used}: ServerState,
  hasSlot: boolean,
): CheckResult {
  const name = 'max_replication_slots';
  const found = `${used} of ${max} in use`;
  if (hasSlot || used < max) return ok(name, found);
  return failed(name, `${found}, and the slot is still to be made`, {
    remedy:
      'drop a slot that nobody needs (SELECT slot_name FROM pg_replication_slots WHERE NOT active), or run as a superuser and restart Postgres',
    commands: [`ALTER SYSTEM SET ${name} = ${max + someMore};`],
  });
}

/** Where the slot is there, its walsender may be one of those in use. */
function sendersCheck(
  {maxWalSenders: max, usedWalSenders: used}: ServerState,
  hasSlot: boolean,
): CheckResult {
  const name = 'max_wal_senders';
  const found = `${used} of ${max} in use`;
  if (used < max || (hasSlot && max > 0)) return ok(name, found);
  return failed(name, `${found}, and the source needs one`, {
    remedy:
      'stop a standby or client that nobody needs, or run as a superuser and restart Postgres',
    commands: [`ALTER SYSTEM SET ${name} = ${max + someMore};`],
  });
}

function walKeepCheck({maxSlotWalKeepMb: limit}: ServerState): CheckResult {
  const name = 'max_slot_wal_keep_size';
  if (limit < 0)
    return warning(name, 'no limit: while the service is down, WAL fills the disk of Postgres', {
      remedy:
        'set it to what the disk can spare; past it the slot is lost and a new snapshot is due',
      commands: [`ALTER SYSTEM SET ${name} = '64GB';`, reload],
    });
  if (limit < 1024)
    return warning(name, `${limit} MB: past so much WAL the slot is lost`, {
      remedy: 'set it to what is written while the service may be down',
      commands: [`ALTER SYSTEM SET ${name} = '64GB';`, reload],
    });
  return ok(name, `${limit} MB`);
}

function idleTimeoutCheck({idleSlotTimeoutS: seconds}: ServerState): CheckResult | undefined {
  if (seconds === 0) return undefined;
  const name = 'idle_replication_slot_timeout';
  return warning(name, `${seconds} s: the slot is lost when the service is down for longer`, {
    remedy: 'switch it off, and let max_slot_wal_keep_size bound what is kept',
    commands: [`ALTER SYSTEM SET ${name} = 0;`, reload],
  });
}

function senderTimeoutCheck({walSenderTimeoutMs: timeout}: ServerState): CheckResult {
  const name = 'wal_sender_timeout';
  const remedy = {
    remedy: "Postgres' default of a minute suits",
    commands: [`ALTER SYSTEM SET ${name} = '60s';`, reload],
  };
  if (timeout === 0)
    return warning(name, '0: the walsender of a machine that is gone keeps the slot', remedy);
  if (timeout < shortTimeoutMs)
    return warning(name, `${timeout} ms: a short pause ends the connection`, remedy);
  return ok(name, `${timeout / 1000} s`);
}
