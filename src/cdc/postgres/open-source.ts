import type {Client} from 'pg';
import type {Clock} from '../../common/clock.ts';
import type {Conditions} from '../../common/conditions.ts';
import type {Logger} from '../../common/logger.ts';
import {RetriableError} from '../../common/errors.ts';
import type {SlotClaim, SourceOffset, StartingPoint} from '../replication-source.ts';
import {nameOf} from '../table-filter.ts';
import type {TableFilter} from '../table-filter.ts';
import {readTables} from './catalog/column-catalog.ts';
import {changeCatalog} from './catalog/change-catalog.ts';
import {connect, disconnect} from './connection/connection.ts';
import type {PostgresAddress} from './connection/connection.ts';
import {ensurePublication} from './catalog/ensure-publication.ts';
import type {KeyConditions} from './catalog/key-conditions.ts';
import {formatLsn} from './lsn.ts';
import {
  describeSnapshot,
  importSnapshot,
  lockReadable,
  lockTables,
  snapshotTables,
} from './snapshot/open-snapshot.ts';
import type {SnapshotOptions} from './snapshot/open-snapshot.ts';
import {preflight, readServer} from './catalog/preflight.ts';
import {
  publicationAddition,
  publishedTables,
  publishesViaRoot,
  readPublication,
} from './catalog/publication.ts';
import type {PublicationMode} from './catalog/publication.ts';
import type {Relations} from './catalog/relations.ts';
import {replicaIdentityChanges} from './catalog/replica-identity.ts';
import type {ReplicaIdentityRule} from './catalog/replica-identity.ts';
import {createSlot, dropSlot, enableFailover, identifySystem, readSlot} from './slot/slot.ts';
import type {SlotCreation} from './slot/slot.ts';
import {failoverSlotsSince} from './slot/slot-options.ts';
import type {SlotOptions} from './slot/slot-options.ts';
import type {OpenSnapshot} from './snapshot/snapshot-reader.ts';
import {expectsSnapshot, startingDecision} from './slot/starting-point.ts';
import type {SnapshotMode} from './slot/starting-point.ts';
import {divergence} from './slot/timeline.ts';
import {findTables} from './catalog/table-catalog.ts';
import type {FoundTable} from './catalog/table-catalog.ts';
import {endangeredTables, selectTables} from './catalog/table-selection.ts';

export interface OpenOptions extends PostgresAddress {
  readonly name: string;
  /** For messages: `source camel: Postgres at host:5432`. */
  readonly where: string;
  readonly slotName: string;
  readonly publicationName: string;
  readonly publicationMode: PublicationMode;
  readonly publishViaPartitionRoot: boolean;
  readonly filter: TableFilter;
  /** `replica.identity.autoset.values`. */
  readonly replicaIdentityRules: readonly ReplicaIdentityRule[];
  readonly snapshotMode: SnapshotMode;
  readonly snapshot: SnapshotOptions;
  readonly slotCreationMs: number;
  readonly slot: SlotOptions;
  /** That the durable offset was read from; undefined where it is not known. */
  readonly timeline: number | undefined;
  readonly claim: SlotClaim;
}

interface OpenDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly conditions: Conditions;
  readonly keys: KeyConditions;
}

export interface OpenedSource {
  /** `schema.table` of what the filters match, whether it is published or not. */
  readonly matched: readonly string[];
  readonly startingPoint: StartingPoint;
  readonly timeline: number;
  readonly snapshot: OpenSnapshot | undefined;
}

/**
 * Checks the server and the tables, makes the publication, then the slot: a slot cannot decode changes that were written
 * before its publication.
 */
export async function openSource(
  options: OpenOptions,
  durable: SourceOffset | undefined,
  deps: OpenDeps,
  relations: Relations,
): Promise<OpenedSource> {
  const admin = await connect(options, 'query');
  let walsender: Client | undefined;
  // The first one has the lock that keeps other instances away.
  const readers = [admin];
  let isOpen = false;
  try {
    const server = await readServer(admin);
    const slot = await readSlot(admin, options.slotName);
    // Before the walsender, which such a server refuses with a less helpful message.
    const state = await readPublication(admin, options.publicationName);
    const found = await findTables(admin);
    const selection = selectTables(found, options.filter, publishesViaRoot(options, state));
    await setReplicaIdentities(admin, options, found, selection.captured, deps.logger);
    const described = await readTables(admin, oidsOf(selection.captured));
    const warnings = preflight({
      ...options,
      walLevel: server.walLevel,
      selection,
      endangered: endangeredTables(options.publicationMode, found, selection),
      isPublished: state !== undefined,
      tables: described,
      snapshot: expectsSnapshot(options.snapshotMode, durable),
    });
    for (const warning of warnings) deps.logger.warn({source: options.name}, warning);
    for (const table of described) deps.keys.check(table);
    tellOfFailover(options, server.version, deps);
    walsender = await connect(options, 'replication');
    const identity = await identifySystem(walsender);
    const {systemId, timeline} = identity;
    const diverged =
      durable && (await divergence(walsender, identity, durable.lsn, options.timeline));
    const decision = startingDecision({
      ...options,
      durable,
      isClaimed: options.claim.isMade,
      slot,
      systemId,
      diverged,
    });
    if (decision.action === 'fail') throw decision.error;
    const publication = await ensurePublication(
      admin,
      state,
      {
        ...options,
        lockTimeoutMs: options.snapshot.lockTimeoutMs,
        source: options.name,
        name: options.publicationName,
        mode: options.publicationMode,
        viaRoot: options.publishViaPartitionRoot,
        tables: selection.published,
        resuming: decision.action === 'resume',
      },
      deps.logger,
    );
    const published = new Set(publishedTables(found, publication));
    const captured = selection.captured.filter(
      (table) => published.has(table) && !options.filter.isSignalTable(table),
    );
    const tables = captured.map(nameOf);
    const matched = selection.captured
      .filter((table) => !options.filter.isSignalTable(table))
      .map(nameOf);
    warnOfUnpublished(options, selection.captured, published, deps.logger);
    if (decision.action === 'resume' && options.slot.failover && slot?.failover === false)
      await enableFailover(walsender, options.slotName);
    if (decision.action === 'resume' && !decision.snapshot)
      return {
        startingPoint: {kind: 'resume', from: {lsn: decision.from, systemId}, tables},
        matched,
        snapshot: undefined,
        timeline,
      };

    await lockOut(admin, options);
    if (decision.action === 'create') {
      deps.logger.info(
        {source: options.name, slot: options.slotName},
        `creating the slot: ${decision.reason}`,
      );
      if (decision.dropFirst) await dropSlot(admin, options.slotName);
      // A temporary slot goes by itself.
      if (!options.claim.isMade && options.snapshotMode !== 'initial_only')
        await options.claim.make();
    }
    const creation = slotCreation(options, decision.action === 'resume', server.version, deps);
    if (!decision.snapshot) {
      const {consistentPoint} = await createSlot(walsender, options, creation, deps.clock);
      const from = {lsn: consistentPoint, systemId};
      return {
        startingPoint: {kind: 'resume', from, tables},
        matched,
        snapshot: undefined,
        timeline,
      };
    }
    const {maxThreads, lockTimeoutMs} = options.snapshot;
    while (readers.length < maxThreads) readers.push(await connect(options, 'query'));
    const wanted = snapshotTables(captured, options.snapshot);
    const whole = new Set(described.filter(({selectable}) => selectable).map(({oid}) => oid));
    const lockable = wanted.filter(({oid}) => whole.has(oid));
    await lockTables(readers, options.where, lockable, lockTimeoutMs);
    const {consistentPoint, snapshotName} = await createSlot(
      walsender,
      options,
      creation,
      deps.clock,
    );
    await importSnapshot(readers, snapshotName);
    const snapshot = await describeSnapshot(readers, wanted, relations, {
      ...options.snapshot,
      consistentPoint,
      takenAt: server.now,
    });
    await lockReadable(
      readers,
      options.where,
      snapshot.tables.flatMap(({relation}) => (whole.has(relation.oid) ? [] : relation)),
      lockTimeoutMs,
    );
    isOpen = true;
    deps.logger.info(
      {source: options.name, consistentPoint: formatLsn(consistentPoint)},
      'snapshot begins',
    );
    return {
      startingPoint: {
        kind: 'snapshot',
        from: {lsn: consistentPoint, systemId},
        tables,
        snapshotTables: snapshot.tables.map(({relation, estimatedRows}) => ({
          table: nameOf(relation),
          estimatedRows,
        })),
        ...(decision.action === 'resume' && {catchUp: {lsn: decision.from, systemId}}),
      },
      matched,
      snapshot,
      timeline,
    };
  } finally {
    deps.conditions.clear('CDC_SLOT_BLOCKED', `source ${options.name}`);
    if (walsender !== undefined) disconnect(walsender);
    if (!isOpen) readers.forEach(disconnect);
  }
}

/** `isBeside`: for its snapshot only, beside the slot that streaming resumes on. */
function slotCreation(
  options: OpenOptions,
  isBeside: boolean,
  serverVersion: number,
  {conditions, logger}: Pick<OpenDeps, 'conditions' | 'logger'>,
): SlotCreation {
  const {name, slotName, slot, slotCreationMs, snapshotMode, where} = options;
  const temporary = isBeside || snapshotMode === 'initial_only';
  return {
    // At most 63 characters.
    slotName: isBeside ? `${slotName.slice(0, 54)}_snapshot` : slotName,
    temporary,
    // A temporary slot ends with its connection, so there is nothing to copy.
    failover: slot.failover && !temporary && serverVersion >= failoverSlotsSince,
    timeoutMs: slotCreationMs,
    where,
    onBlocked: (message) => {
      const code = 'CDC_SLOT_BLOCKED';
      const subject = `source ${name}`;
      const isKnown = conditions
        .list()
        .some((each) => each.code === code && each.subject === subject);
      conditions.raise({code, subject, message});
      if (!isKnown) logger.warn({source: name, code, subject}, message);
    },
  };
}

/** As `replica.identity.autoset.values` says; before the tables are looked at for what their identity cannot do. */
async function setReplicaIdentities(
  admin: Client,
  {name, where, user, snapshot, replicaIdentityRules}: OpenOptions,
  found: readonly FoundTable[],
  captured: readonly FoundTable[],
  logger: Logger,
): Promise<void> {
  const context = {where, user, lockTimeoutMs: snapshot.lockTimeoutMs};
  for (const statement of replicaIdentityChanges(found, captured, replicaIdentityRules)) {
    logger.info({source: name, statement}, 'changing a replica identity');
    await changeCatalog(admin, {statement, doer: 'the owner of the table'}, context);
  }
}

/** Such tables come neither with the snapshot nor with the stream until their publication has them. */
function warnOfUnpublished(
  {name, where, publicationName}: OpenOptions,
  wanted: readonly FoundTable[],
  published: ReadonlySet<FoundTable>,
  logger: Logger,
): void {
  const missing = wanted.filter((table) => !published.has(table));
  if (missing.length === 0) return;
  logger.warn(
    {source: name, tables: missing.map(nameOf)},
    `${where}: publication ${publicationName} does not have ${missing.map(nameOf).join(', ')}, so nothing of them is captured; run ${publicationAddition(publicationName, missing)}, then restart`,
  );
}

/** Two instances must not take a snapshot for one slot: each would drop the other's. Held until the connection ends. */
async function lockOut(admin: Client, {where, slotName}: OpenOptions): Promise<void> {
  const {rows} = await admin.query<{locked: boolean}>(
    'SELECT pg_catalog.pg_try_advisory_lock(hashtext($1)) AS locked',
    [`millrace ${slotName}`],
  );
  if (rows[0]?.locked === true) return;
  throw new RetriableError(
    'CDC_SLOT_IN_USE',
    `${where}: another instance is taking the snapshot of slot ${slotName}; stop it, or give this one its own slot.name`,
  );
}

function oidsOf(tables: readonly FoundTable[]): readonly number[] {
  return tables.map(({oid}) => oid);
}

/** Where slots do not come along to standbys, whoever has asked for it has to know before the promotion. */
function tellOfFailover(
  {name, where, slot, slotName}: OpenOptions,
  serverVersion: number,
  {conditions, logger}: OpenDeps,
): void {
  const code = 'CDC_FAILOVER_UNSUPPORTED';
  const subject = `source ${name}`;
  if (!slot.failover || serverVersion >= failoverSlotsSince) return conditions.clear(code, subject);
  // It is told at the first start.
  if (conditions.list().some((each) => each.code === code && each.subject === subject)) return;
  const version = Math.floor(serverVersion / 10_000);
  const message = `${where} is Postgres ${version}, which copies no slot to standbys, so slot.failover has no effect: after a promotion slot ${slotName} is lost. Upgrade to Postgres 17 or later, or plan for a new snapshot (snapshot.mode: when_needed) and set slot.failover: false`;
  conditions.raise({code, subject, severity: 'warning', message});
  logger.warn({source: name, code, subject}, message);
}
