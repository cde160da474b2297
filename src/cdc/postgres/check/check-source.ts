import type {Client} from 'pg';
import {failedBy, ok, skipped} from '../../../common/check-result.ts';
import type {CheckResult} from '../../../common/check-result.ts';
import type {Relation} from '../../replication-source.ts';
import {nameOf, TableFilter} from '../../table-filter.ts';
import {readTables} from '../catalog/column-catalog.ts';
import {publishesViaRoot} from '../catalog/publication.ts';
import {relationOfTable} from '../catalog/relations.ts';
import {endangeredTables, selectTables} from '../catalog/table-selection.ts';
import {connect, disconnect, isEncrypted} from '../connection/connection.ts';
import {postgresError} from '../connection/errors.ts';
import {hostsText} from '../connection/hosts.ts';
import type {PostgresSourceOptions} from '../postgres-source-options.ts';
import {identifySystem, readSlot} from '../slot/slot.ts';
import {observeSlot} from '../slot/slot-observation.ts';
import {expectsSnapshot} from '../slot/starting-point.ts';
import {heartbeatQueryCheck} from './heartbeat-query-check.ts';
import {publicationChecks} from './publication-checks.ts';
import {replicationRoleCheck, serverChecks} from './server-checks.ts';
import {readServerState} from './server-state.ts';
import type {ServerState} from './server-state.ts';
import {slotChecks} from './slot-checks.ts';
import type {StoredPosition} from './slot-checks.ts';
import {tableChecks} from './table-checks.ts';

/** Longer takes no query of the catalog; what waits for a lock is cancelled then. */
const queryTimeoutMs = 10_000;

export type Report = (result: CheckResult) => void;

/**
 * Looks at all that a source needs of its server, without changing anything there, and reports each finding as it comes.
 *
 * `stored` resolves with what Kafka has of the slot, undefined where that is not known.
 *
 * @returns what the filters match of the tables, without the signal table; undefined where that could not be read.
 */
export async function checkSource(
  options: PostgresSourceOptions,
  stored: () => Promise<StoredPosition | undefined>,
  report: Report,
): Promise<readonly Relation[] | undefined> {
  let client: Client;
  try {
    client = await connect(options, 'query');
  } catch (error) {
    report(failedBy('log in', named(error, options)));
    report(skipped('everything else', 'the server could not be asked'));
    return undefined;
  }
  const {user, dbname} = options;
  const tls = isEncrypted(client) ? 'with TLS' : 'without TLS';
  report(ok('log in', `${hostsText(options)}/${dbname} as ${user}, ${tls}`));
  try {
    return await checkCatalog(client, options, stored, report);
  } catch (error) {
    report(failedBy('read the catalog', named(error, options)));
    return undefined;
  } finally {
    disconnect(client);
  }
}

async function checkCatalog(
  client: Client,
  options: PostgresSourceOptions,
  stored: () => Promise<StoredPosition | undefined>,
  report: Report,
): Promise<readonly Relation[]> {
  const {name, slotName, publicationName, user, snapshotMode, signalTable} = options;
  const {publicationMode: mode = 'filtered', publishViaPartitionRoot = false} = options;
  const where = `source ${name}: Postgres at ${hostsText(options)}`;
  const filter = new TableFilter(options);
  const observation = await observeSlot(client, slotName, publicationName, queryTimeoutMs);
  const slot = await readSlot(client, slotName);
  const {found, publication: state} = observation;
  const viaRoot = publishesViaRoot({publicationMode: mode, publishViaPartitionRoot}, state);
  const selection = selectTables(found, filter, viaRoot);
  const {published, captured} = selection;
  const oids = [...new Set([...published, ...captured].map(({oid}) => oid))];
  const server = await readServerState(client, publicationName, oids);
  const tables = await readTables(
    client,
    captured.map(({oid}) => oid),
  );

  const role = replicationRoleCheck(server, user);
  report(role);
  for (const result of serverChecks(server, {hasSlot: slot !== undefined})) report(result);
  await checkWalsender(options, server, report);
  for (const result of tableChecks({
    filter,
    found,
    selection,
    tables,
    user,
    rules: options.replicaIdentityRules ?? [],
    snapshot: expectsSnapshot(snapshotMode, undefined),
    signalTable,
    server,
  }))
    report(result);
  const plan = {
    where,
    name: publicationName,
    mode,
    viaRoot: publishViaPartitionRoot,
    tables: published,
  };
  for (const result of publicationChecks({
    plan,
    state,
    found,
    captured,
    endangered: endangeredTables(mode, found, selection),
    user,
    server,
  }))
    report(result);
  for (const result of slotChecks({
    ...options,
    where,
    slot,
    observation,
    stored: await stored(),
    failover: options.slot?.failover ?? false,
    version: server.version,
  }))
    report(result);
  const {intervalMs = 0, actionQuery} = options.heartbeat ?? {};
  if (intervalMs > 0 && actionQuery !== undefined)
    report(await heartbeatQueryCheck(client, actionQuery, user));
  return tables
    .filter((table) => nameOf(table) !== signalTable)
    .map((table) => filter.markExcluded(relationOfTable(table)));
}

/** A connection as the stream will be. */
async function checkWalsender(
  options: PostgresSourceOptions,
  {mayReplicate, usedWalSenders, maxWalSenders}: ServerState,
  report: Report,
): Promise<void> {
  const name = 'replication connection';
  if (!mayReplicate || usedWalSenders >= maxWalSenders)
    return report(skipped(name, 'see what has failed above'));
  let walsender: Client | undefined;
  try {
    walsender = await connect(options, 'replication');
    const {systemId, timeline} = await identifySystem(walsender);
    report(ok(name, `system identifier ${systemId}, timeline ${timeline}`));
  } catch (error) {
    report(failedBy(name, named(error, options)));
  } finally {
    if (walsender !== undefined) disconnect(walsender);
  }
}

/** What went wrong, without the source's name, which stands beside it. */
function named(error: unknown, options: PostgresSourceOptions): Error {
  const {message} = postgresError(error, options);
  return new Error(message.replace(`source ${options.name}: `, ''), {cause: error});
}
