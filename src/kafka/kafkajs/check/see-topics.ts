import type {NeededTopic} from '../../needed-topic.ts';
import type {Cluster} from '../connection/cluster.ts';
import {check} from '../connection/cluster.ts';
import {newTopic} from '../new-topic.ts';
import {createTopicsRequest, describeConfigsRequest} from '../protocol/admin-requests.ts';
import type {TopicConfigs} from '../protocol/admin-requests.ts';
import {errorCode} from '../protocol/error-code.ts';
import {metadataRequest} from '../protocol/metadata.ts';
import type {TopicMetadata} from '../protocol/metadata.ts';
import {missingOperations} from './acl-command.ts';
import {operationsOf} from './topic-checks.ts';
import type {TopicSight} from './topic-checks.ts';

export interface TopicQuestions {
  readonly names: readonly string[];
  readonly plan: (existing: ReadonlyMap<string, number>) => readonly NeededTopic[];
  readonly minInsyncReplicas: number | undefined;
  /** Of topics that do not exist, those that may not be written. */
  readonly deniedToWrite: (names: readonly string[]) => Promise<ReadonlySet<string>>;
}

const keys = ['cleanup.policy', 'min.insync.replicas', 'max.message.bytes'];

/** What the cluster says of the topics; `existing` has the partition counts of those that are there. */
export async function seeTopics(
  cluster: Cluster,
  {names, plan, minInsyncReplicas, deniedToWrite}: TopicQuestions,
): Promise<{
  readonly existing: ReadonlyMap<string, number>;
  readonly sights: ReadonlyMap<string, TopicSight>;
}> {
  const {topics} = await cluster.retry('describing topics', () =>
    cluster.sendToAny(metadataRequest(names, {authorizedOperations: true})),
  );
  const there = topics.filter(
    ({error}) => error === errorCode.none || error === errorCode.leaderNotAvailable,
  );
  const existing = new Map(there.map(({name, partitions}) => [name, partitions.length]));
  const needed = new Map(planned(plan, existing).map((topic) => [topic.spec.name, topic]));
  const sights = new Map<string, TopicSight>();
  const missing: NeededTopic[] = [];
  for (const {name, error} of topics) {
    if (existing.has(name)) continue;
    const topic = needed.get(name);
    if (error === errorCode.topicAuthorizationFailed) sights.set(name, {kind: 'hidden'});
    else if (error !== errorCode.unknownTopicOrPartition) check(error, `describing topic ${name}`);
    else if (topic !== undefined) missing.push(topic);
  }
  const configs = await configsOf(cluster, there);
  for (const topic of there) {
    const wanted = needed.get(topic.name);
    if (wanted !== undefined) sights.set(topic.name, sightOf(topic, wanted, configs));
  }
  if (missing.length > 0)
    for (const [name, sight] of await seeMissing(
      cluster,
      missing,
      minInsyncReplicas,
      deniedToWrite,
    ))
      sights.set(name, sight);
  return {existing, sights};
}

/** Nothing where counts do not fit together, which the caller meets itself. */
function planned(
  plan: TopicQuestions['plan'],
  existing: ReadonlyMap<string, number>,
): readonly NeededTopic[] {
  try {
    return plan(existing);
  } catch {
    return [];
  }
}

async function configsOf(
  cluster: Cluster,
  topics: readonly TopicMetadata[],
): Promise<ReadonlyMap<string, TopicConfigs>> {
  if (topics.length === 0) return new Map();
  const request = describeConfigsRequest(
    topics.map(({name}) => name),
    keys,
  );
  const answers = await cluster.retry('reading topic configurations', () =>
    cluster.sendToAny(request),
  );
  return new Map(answers.map((answer) => [answer.name, answer]));
}

function sightOf(
  {name, partitions, authorizedOperations}: TopicMetadata,
  needed: NeededTopic,
  answers: ReadonlyMap<string, TopicConfigs>,
): TopicSight {
  const configs = answers.get(name)?.configs;
  const most = configs?.get('max.message.bytes');
  return {
    kind: 'there',
    topic: {
      shape: {
        partitions: partitions.length,
        replicationFactor: Math.min(...partitions.map(({replicas}) => replicas)),
        cleanupPolicy: configs?.get('cleanup.policy') ?? 'delete',
        minInsyncReplicas: Number(configs?.get('min.insync.replicas') ?? 1),
      },
      maxMessageBytes: most === undefined ? undefined : Number(most),
      denied: missingOperations(authorizedOperations, operationsOf({...needed, isCreated: false})),
    },
  };
}

async function seeMissing(
  cluster: Cluster,
  missing: readonly NeededTopic[],
  minInsyncReplicas: number | undefined,
  deniedToWrite: TopicQuestions['deniedToWrite'],
): Promise<ReadonlyMap<string, TopicSight>> {
  const written = missing.filter(({operations}) => operations.includes('WRITE'));
  const denied =
    written.length === 0 ? new Set() : await deniedToWrite(written.map(({spec}) => spec.name));
  const created = missing.filter(({isCreated}) => isCreated);
  const request = createTopicsRequest(
    created.map(({spec}) => newTopic(spec, minInsyncReplicas)),
    {validateOnly: true},
  );
  const answers =
    created.length === 0
      ? []
      : await cluster.retry('asking for new topics', () => cluster.sendToController(request));
  const byName = new Map(answers.map((answer) => [answer.name, answer]));
  return new Map(
    missing.map(({spec: {name}}): [string, TopicSight] => {
      const answer = byName.get(name);
      const most = answer?.configs.get('max.message.bytes');
      return [
        name,
        {
          kind: 'missing',
          creation: answer && {
            error: answer.error,
            message: answer.message,
            maxMessageBytes: most === undefined ? undefined : Number(most),
          },
          mayWrite: !denied.has(name),
        },
      ];
    }),
  );
}
