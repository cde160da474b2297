import {failed, failedBy, ok, skipped} from '../../../common/check-result.ts';
import type {CheckResult} from '../../../common/check-result.ts';
import type {Clock} from '../../../common/clock.ts';
import {Cluster} from '../connection/cluster.ts';
import type {ConnectionOptions} from '../connection/connection-options.ts';
import {errorCode} from '../protocol/error-code.ts';
import {heartbeatRequest} from '../protocol/group-requests.ts';
import {addPartitionsToTxnRequest, endTxnRequest} from '../protocol/transaction-requests.ts';
import type {ProducerIdentity} from '../protocol/transaction-requests.ts';
import type {NeededTopic} from '../../needed-topic.ts';
import {aclCommand} from './acl-command.ts';
import type {AclContext} from './acl-command.ts';
import {advertisedChecks, bootstrapChecks, tryBroker} from './broker-checks.ts';
import {topicChecks} from './topic-checks.ts';
import {seeTopics} from './see-topics.ts';

export interface ClusterCheckOptions
  extends Omit<ConnectionOptions, 'connectionTimeoutMs'>, AclContext {
  readonly minInsyncReplicas: number | undefined;
  readonly maxRequestSize: number;
  readonly clock: Clock;
}

/** What the service works with on a cluster. */
export interface ClusterNeeds {
  /** Names of all topics whose state decides what is needed. */
  readonly topics: readonly string[];
  /** What is needed, given the partition counts of those that exist. */
  readonly plan: (existing: ReadonlyMap<string, number>) => readonly NeededTopic[];
  readonly groups: readonly string[];
  readonly transactionalIds: readonly string[];
  /** What the names of groups and transactional ids begin with. */
  readonly prefix: string;
}

const connectionTimeoutMs = 5_000;
/** A broker that has not answered by then does not. */
const requestTimeoutMs = 10_000;

/** Nobody has this producer id, so that a broker refuses what it comes with, once it has looked at the ACLs. */
const nobody: ProducerIdentity = {producerId: Number.MAX_SAFE_INTEGER, producerEpoch: 0};

/**
 * Looks at all that the service needs of a cluster, without changing anything there, and reports each finding as it
 * comes. What it needs is asked for once a broker has answered.
 */
export async function checkCluster(
  options: ClusterCheckOptions,
  needs: () => Promise<ClusterNeeds>,
  report: (result: CheckResult) => void,
): Promise<void> {
  const {bootstrapServers, principal, ssl} = options;
  const connection = {
    ...options,
    connectionTimeoutMs,
    requestTimeoutMs: Math.min(options.requestTimeoutMs, requestTimeoutMs),
  };
  const attempts = await Promise.all(
    bootstrapServers.map((server) => tryBroker(server, connection)),
  );
  const how = `reached as ${principal}, ${ssl === undefined ? 'without' : 'with'} TLS`;
  for (const result of bootstrapChecks(attempts, how)) report(result);
  const answering = attempts.filter(({error}) => error === undefined);
  if (answering.length === 0)
    return report(skipped('topics, groups and transactional ids', 'no broker could be asked'));
  const advertised = new Set(
    answering.flatMap(({brokers}) => brokers.map(({host, port}) => `${host}:${port}`)),
  );
  const others = [...advertised].filter((server) => !bootstrapServers.includes(server));
  const further = await Promise.all(others.map((server) => tryBroker(server, connection)));
  for (const result of advertisedChecks(further)) report(result);
  const cluster = new Cluster({
    ...connection,
    bootstrapServers: answering.map(({server}) => server),
    apiTimeoutMs: requestTimeoutMs,
    metadataMaxAgeMs: Infinity,
  });
  try {
    await cluster.retry('reading metadata', () => cluster.refresh());
    await checkNeeds(cluster, options, await needs(), advertised.size, report);
  } catch (error) {
    report(failedBy('cluster', error));
  } finally {
    await cluster.close();
  }
}

async function checkNeeds(
  cluster: Cluster,
  options: ClusterCheckOptions,
  needs: ClusterNeeds,
  brokers: number,
  report: (result: CheckResult) => void,
): Promise<void> {
  const rights = await Promise.all([
    ...needs.transactionalIds.map((id) => checkTransactionalId(cluster, options, needs, id)),
    ...needs.groups.map((group) => checkGroup(cluster, options, needs, group)),
  ]);
  for (const result of rights) report(result);
  const [transactionalId = needs.prefix] = needs.transactionalIds;
  const {existing, sights} = await seeTopics(cluster, {
    names: needs.topics,
    plan: needs.plan,
    minInsyncReplicas: options.minInsyncReplicas,
    deniedToWrite: (names) => deniedToWrite(cluster, transactionalId, names),
  });
  let planned: readonly NeededTopic[];
  try {
    planned = needs.plan(existing);
  } catch (error) {
    return report(failedBy('partition counts', error));
  }
  for (const needed of planned) {
    const sight = sights.get(needed.spec.name);
    if (sight === undefined) continue;
    for (const result of topicChecks(needed, sight, {...options, brokers})) report(result);
  }
}

/** A broker looks at the ACLs of `EndTxn` before it looks for the transaction. */
async function checkTransactionalId(
  cluster: Cluster,
  context: AclContext,
  {prefix}: ClusterNeeds,
  id: string,
): Promise<CheckResult> {
  const name = `transactional id ${id}`;
  const error = await cluster.sendToAny(endTxnRequest(id, nobody, false));
  if (error !== errorCode.transactionalIdAuthorizationFailed) return ok(name, 'Write');
  const resource = {kind: 'transactional-id', name: prefix, isPrefix: true} as const;
  return failed(name, `${context.principal} lacks Write, Describe on it`, {
    remedy: 'run as an administrator',
    commands: [aclCommand(context, resource, ['Write', 'Describe'])],
  });
}

/** And at those of a heartbeat before it looks for the member. */
async function checkGroup(
  cluster: Cluster,
  context: AclContext,
  {prefix}: ClusterNeeds,
  group: string,
): Promise<CheckResult> {
  const name = `group ${group}`;
  const error = await cluster.sendToAny(
    heartbeatRequest({groupId: group, generationId: -1, memberId: 'millrace-check'}),
  );
  if (error !== errorCode.groupAuthorizationFailed) return ok(name, 'Read');
  const resource = {kind: 'group', name: prefix, isPrefix: true} as const;
  return failed(name, `${context.principal} lacks Read on it`, {
    remedy: 'run as an administrator',
    commands: [aclCommand(context, resource, ['Read'])],
  });
}

/** Of topics that do not exist, those that may not be written: a broker looks at their ACLs before it looks for them. */
async function deniedToWrite(
  cluster: Cluster,
  transactionalId: string,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const partitions = names.map((topic) => ({topic, partition: 0}));
  const answers = await cluster.sendToAny(
    addPartitionsToTxnRequest(transactionalId, nobody, partitions),
  );
  return new Set(
    answers
      .filter(({error}) => error === errorCode.topicAuthorizationFailed)
      .map(({topic}) => topic),
  );
}
