import type {EventNeeds} from '../../cdc/check/event-needs.ts';
import {cdcTransactionalId, offsetsSpec, offsetsTopic} from '../../cdc/offset-store.ts';
import type {Config} from '../../config/config.ts';
import type {SaslConfig} from '../../config/kafka-config.ts';
import type {SinkConfig} from '../../config/sink-config.ts';
import type {ClusterNeeds} from '../../kafka/kafkajs/check/check-cluster.ts';
import {mergedTopics} from '../../kafka/needed-topic.ts';
import type {NeededTopic, TopicOperation} from '../../kafka/needed-topic.ts';
import {topicNames} from '../../streams/runtime/task-plan.ts';
import {topologyTopics} from '../../streams/runtime/topology-needs.ts';
import type {Topology} from '../../streams/topology/topology.ts';
import {schemasTopic} from '../schema-registry.ts';

/** The topics, groups and transactional ids of all stages. `events`: what the sources need. */
export function kafkaNeeds(
  config: Config,
  topology: Topology,
  events: readonly EventNeeds[],
): ClusterNeeds {
  const {applicationId, numPartitions, replicationFactor, sinks} = config;
  const sources = config.sources ?? [];
  const deadLetterTopic = config.errorsTolerance === 'all' ? config.deadLetterTopic : undefined;
  const fixed: readonly NeededTopic[] = [
    ...events.flatMap(({topics}) => topics),
    ...(sources.length > 0
      ? [exact(offsetsSpec(offsetsTopic(applicationId), replicationFactor), ['READ', 'WRITE'])]
      : []),
    ...(config.schemaRegistry === undefined
      ? [exact(offsetsSpec(schemasTopic(config), replicationFactor), ['READ', 'WRITE'])]
      : []),
    ...sinks.flatMap((sink) => sinkTopicsOf(sink, config)),
  ];
  const plan = (existing: ReadonlyMap<string, number>): readonly NeededTopic[] =>
    mergedTopics([
      ...fixed,
      ...topologyTopics({
        topology,
        applicationId,
        existing,
        numPartitions,
        replicationFactor,
        deadLetterTopic,
      }),
    ]);
  return {
    topics: [
      ...new Set([
        ...fixed.map(({spec}) => spec.name),
        ...topicNames(topology, applicationId),
        ...(deadLetterTopic === undefined ? [] : [deadLetterTopic]),
      ]),
    ],
    plan,
    groups: [applicationId, ...sinks.map(({name}) => `${applicationId}-sink-${name}`)],
    transactionalIds: [
      ...sources.map(({slotName}) => cdcTransactionalId(applicationId, slotName)),
      // Of an instance, whose id is made up at the first start unless it is configured.
      `${applicationId}-${config.kafka?.groupInstanceId ?? '<instance>'}`,
    ],
    prefix: applicationId,
  };
}

/** As ACLs name whom the brokers take the service for. */
export function principalOf(sasl: SaslConfig | undefined, certificate: string | undefined): string {
  if (sasl === undefined)
    return certificate === undefined ? 'User:ANONYMOUS' : 'User:<subject of ssl.certificate>';
  return sasl.mechanism === 'OAUTHBEARER'
    ? `User:<subject of the token of ${sasl.clientId}>`
    : `User:${sasl.username}`;
}

function exact(spec: NeededTopic['spec'], operations: readonly TopicOperation[]): NeededTopic {
  return {spec, isExact: true, isCreated: true, operations};
}

/** A sink makes none of the topics that it reads. */
function sinkTopicsOf(
  {topics, deadLetterTopic}: SinkConfig,
  {numPartitions: partitions, replicationFactor}: Config,
): readonly NeededTopic[] {
  const spec = {partitions, replicationFactor, cleanupPolicy: 'delete'} as const;
  const read = topics.map((name): NeededTopic => {
    return {spec: {name, ...spec}, isExact: false, isCreated: false, operations: ['READ']};
  });
  if (deadLetterTopic === undefined) return read;
  const letters = {name: deadLetterTopic, ...spec};
  return [...read, {spec: letters, isExact: false, isCreated: true, operations: ['WRITE']}];
}
