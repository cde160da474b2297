import type {Client} from 'pg';
import type {Clock} from '../../common/clock.ts';
import type {Logger} from '../../common/logger.ts';
import {FatalError, messageOf, RetriableError} from '../../common/errors.ts';
import type {SourceOffset, StartingPoint} from '../replication-source.ts';
import {readTables} from './column-catalog.ts';
import {connect, disconnect} from './connection.ts';
import type {PostgresAddress} from './connection.ts';
import {publicationLostError} from './errors.ts';
import {formatLsn} from './lsn.ts';
import {describeSnapshot, importSnapshot, lockTables} from './open-snapshot.ts';
import type {SnapshotOptions} from './open-snapshot.ts';
import {preflight, readServer} from './preflight.ts';
import {publicationChanges, readPublication} from './publication.ts';
import type {Relations} from './relations.ts';
import {createSlot, dropSlot, identifySystem, readSlot} from './slot.ts';
import type {SlotCreation} from './slot.ts';
import type {OpenSnapshot} from './snapshot-reader.ts';
import {startingDecision} from './starting-point.ts';
import type {SnapshotMode} from './starting-point.ts';
import {divergence} from './timeline.ts';

export interface OpenOptions extends PostgresAddress {
  readonly name: string;
  /** For messages: `source camel: Postgres at host:5432`. */
  readonly where: string;
  readonly slotName: string;
  readonly publicationName: string;
  readonly tableIncludeList: readonly string[];
  readonly snapshotMode: SnapshotMode;
  readonly snapshot: SnapshotOptions;
  readonly slotCreationMs: number;
  /** That the durable offset was read from; undefined where it is not known. */
  readonly timeline: number | undefined;
}

export interface OpenedSource {
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
  deps: {readonly clock: Clock; readonly logger: Logger},
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
    const tables = await readTables(admin, options.tableIncludeList);
    const warnings = preflight({
      ...options,
      walLevel: server.walLevel,
      tables,
      snapshot:
        options.snapshotMode === 'always' ||
        (durable === undefined && options.snapshotMode !== 'never'),
    });
    for (const warning of warnings) deps.logger.warn({source: options.name}, warning);
    walsender = await connect(options, 'replication');
    const identity = await identifySystem(walsender);
    const {systemId, timeline} = identity;
    const diverged =
      durable && (await divergence(walsender, identity, durable.lsn, options.timeline));
    const decision = startingDecision({...options, durable, slot, systemId, diverged});
    if (decision.action === 'fail') throw decision.error;
    await ensurePublication(admin, options, decision.action === 'resume', deps.logger);
    if (decision.action === 'resume' && !decision.snapshot)
      return {
        startingPoint: {
          kind: 'resume',
          from: {lsn: decision.from, systemId},
          tables: options.tableIncludeList,
        },
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
    }
    const creation = slotCreation(options, decision.action === 'resume');
    if (!decision.snapshot) {
      const {consistentPoint} = await createSlot(walsender, admin, creation, deps.clock);
      const from = {lsn: consistentPoint, systemId};
      return {
        startingPoint: {kind: 'resume', from, tables: options.tableIncludeList},
        snapshot: undefined,
        timeline,
      };
    }
    const {maxThreads, lockTimeoutMs} = options.snapshot;
    while (readers.length < maxThreads) readers.push(await connect(options, 'query'));
    await lockTables(readers, options.where, options.tableIncludeList, lockTimeoutMs);
    const {consistentPoint, snapshotName} = await createSlot(
      walsender,
      admin,
      creation,
      deps.clock,
    );
    await importSnapshot(readers, snapshotName);
    const snapshot = await describeSnapshot(readers, options.tableIncludeList, relations, {
      consistentPoint,
      takenAt: server.now,
    });
    isOpen = true;
    deps.logger.info(
      {source: options.name, consistentPoint: formatLsn(consistentPoint)},
      'snapshot begins',
    );
    return {
      startingPoint: {
        kind: 'snapshot',
        from: {lsn: consistentPoint, systemId},
        snapshotTables: snapshot.tables.map(({relation, estimatedRows}) => ({
          table: `${relation.schema}.${relation.table}`,
          estimatedRows,
        })),
        ...(decision.action === 'resume' && {catchUp: {lsn: decision.from, systemId}}),
        tables: options.tableIncludeList,
      },
      snapshot,
      timeline,
    };
  } finally {
    if (walsender !== undefined) disconnect(walsender);
    if (!isOpen) readers.forEach(disconnect);
  }
}

/** `isBeside`: for its snapshot only, beside the slot that streaming resumes on. */
function slotCreation(options: OpenOptions, isBeside: boolean): SlotCreation {
  const {slotName, slotCreationMs, snapshotMode, where} = options;
  return {
    // At most 63 characters.
    slotName: isBeside ? `${slotName.slice(0, 54)}_snapshot` : slotName,
    temporary: isBeside || snapshotMode === 'initial_only',
    timeoutMs: slotCreationMs,
    where,
  };
}

async function ensurePublication(
  admin: Client,
  options: OpenOptions,
  resuming: boolean,
  logger: Logger,
): Promise<void> {
  const {publicationName, tableIncludeList, where} = options;
  const state = await readPublication(admin, publicationName);
  if (state === undefined && resuming) throw publicationLostError(where, options);
  for (const statement of publicationChanges(publicationName, state, tableIncludeList)) {
    logger.info({source: options.name, statement}, 'changing the publication');
    try {
      await admin.query(statement);
    } catch (error) {
      if ((error as {code?: string}).code !== '42501') throw error;
      throw new FatalError(
        'CDC_PERMISSION_DENIED',
        `${where}: user ${options.user} may not change the publication (${messageOf(error)}); run as the owner of the tables: ${statement}`,
        {cause: error},
      );
    }
  }
  const added = tableIncludeList.filter((table) => state?.tables.includes(table) === false);
  if (resuming && state?.allTables === false && added.length > 0)
    logger.warn(
      {source: options.name, tables: added},
      `${where}: ${added.join(', ')} joined the publication; rows from before are not captured until a new snapshot`,
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
