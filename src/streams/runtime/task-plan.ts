import {FatalError} from '../../common/errors.ts';
import type {TopicSpec} from '../../kafka/client.ts';
import type {Node, SourceNode, StoreSpec} from '../topology/node.ts';
import type {Topology} from '../topology/topology.ts';
import {changelogName, topicName} from './topic-names.ts';

export interface TaskPlanOptions {
  readonly topology: Topology;
  readonly applicationId: string;
  /** Partition counts of the topics that exist. */
  readonly existing: ReadonlyMap<string, number>;
  /** Partitions of the topics that are created, where nothing else decides. */
  readonly numPartitions: number;
  readonly replicationFactor: number;
  readonly deadLetterTopic: string | undefined;
}

/** Which tasks there are, and the topics between them. */
export interface TaskPlan {
  /** What must exist before the tasks start. Topics of others that exist already are left as they are. */
  readonly topics: readonly TopicSpec[];
  /** Partition counts by name in Kafka. */
  readonly partitions: ReadonlyMap<string, number>;
  /**
   * True where every topic that the topology reads has one partition: one task runs all sub-topologies, and hands
   * records on in process instead of reading back what it wrote.
   */
  readonly handsOn: boolean;
  readonly groups: readonly TaskGroup[];
}

/** One sub-topology, or all of them where records are handed on; each partition is a task. */
export interface TaskGroup {
  readonly id: number;
  readonly nodes: readonly Node[];
  readonly stores: readonly StoreSpec[];
  /** The sources that are read from Kafka; all have `partitions` partitions. */
  readonly sources: readonly SourceNode[];
  readonly partitions: number;
}

/** A task: one partition of one group. */
export interface TaskPlace {
  readonly group: TaskGroup;
  readonly partition: number;
}

/** Repartition topics are kept until they are read, as Kafka Streams does. */
const KEEP_FOR_EVER = -1;

/** @throws FatalError KAFKA_TOPIC_MISMATCH when topics that are read together have different partition counts. */
export function planTasks(options: TaskPlanOptions): TaskPlan {
  const {topology, applicationId, existing, numPartitions, deadLetterTopic} = options;
  const groups = topology.subTopologies.map(({id, nodes, stores}) => {
    const sources = nodes.filter((node) => node.kind === 'source');
    return {
      id,
      nodes: nodes.filter((node) => node.kind !== 'operator' || !node.operator.crossPartition),
      sources,
      stores: topology.stores.filter(({name}) => stores.includes(name)),
      partitions: copartitions(id, sources, options),
    };
  });
  const handsOn = groups.every(({partitions}) => partitions === 1);
  const planned = handsOn ? [wholeTopology(topology)] : groups;
  const partitions = new Map<string, number>();
  const topics = new Map<string, TopicSpec>();

  for (const group of groups) {
    for (const {topic, repartitioned} of group.sources) {
      if (handsOn && repartitioned && topic.internal) continue;
      add(topicName(applicationId, topic), group.partitions, 'delete', topic.internal);
    }
  }
  for (const {stores, partitions: count} of planned) {
    for (const store of stores) add(changelogName(applicationId, store), count, 'compact', true);
  }
  for (const node of topology.nodes) {
    if (node.kind !== 'sink' || topology.sourceOf(node.topic.name) !== undefined) continue;
    const name = topicName(applicationId, node.topic);
    add(name, existing.get(name) ?? numPartitions, 'delete', node.topic.internal);
  }
  if (deadLetterTopic !== undefined) {
    add(deadLetterTopic, existing.get(deadLetterTopic) ?? numPartitions, 'delete', false);
  }
  return {
    topics: [...topics.values()],
    partitions,
    handsOn,
    groups: planned,
  };

  function add(
    name: string,
    count: number,
    cleanupPolicy: TopicSpec['cleanupPolicy'],
    isOwn: boolean,
  ): void {
    partitions.set(name, count);
    if (topics.has(name) || (existing.has(name) && !isOwn)) return;
    const retention = isOwn && cleanupPolicy === 'delete' ? {retentionMs: KEEP_FOR_EVER} : {};
    const {replicationFactor} = options;
    topics.set(name, {name, partitions: count, cleanupPolicy, replicationFactor, ...retention});
  }
}

export function taskId({group, partition}: TaskPlace): string {
  return `${group.id}_${partition}`;
}

/** All tasks that there are. */
export function allPlaces({groups}: TaskPlan): readonly TaskPlace[] {
  return groups.flatMap((group) =>
    Array.from({length: group.partitions}, (_, partition) => ({group, partition})),
  );
}

/** Names in Kafka of all topics that the topology reads, writes or keeps its stores in. */
export function topicNames(topology: Topology, applicationId: string): readonly string[] {
  const names = new Set(topology.stores.map((store) => changelogName(applicationId, store)));
  for (const node of topology.nodes) {
    if (node.kind !== 'operator') names.add(topicName(applicationId, node.topic));
  }
  return [...names];
}

function wholeTopology(topology: Topology): TaskGroup {
  const {nodes} = topology;
  const passedBy = nodes.flatMap((node) =>
    node.kind === 'operator' && node.operator.betweenTasks === true ? node.operator.stores : [],
  );
  const stores = topology.stores.filter(({name}) => !passedBy.includes(name));
  const sources = topology.sources().filter(({repartitioned}) => !repartitioned);
  return {id: 0, nodes, stores, sources, partitions: 1};
}

/** Equal keys must be in equal partitions of everything that one task reads. */
function copartitions(
  id: number,
  sources: readonly SourceNode[],
  {applicationId, existing, numPartitions}: TaskPlanOptions,
): number {
  const counts = new Map<string, number>();
  for (const {topic} of sources) {
    const name = topicName(applicationId, topic);
    const count = existing.get(name);
    if (count !== undefined) counts.set(name, count);
  }
  if (new Set(counts.values()).size > 1) {
    const found = [...counts].map(([name, count]) => `${name} has ${count}`).join(', ');
    throw new FatalError(
      'KAFKA_TOPIC_MISMATCH',
      `Sub-topology ${id} reads topics with different partition counts (${found}): equal keys would be in different tasks. Create them with equal counts, or repartition one of them.`,
    );
  }
  const [count = numPartitions] = counts.values();
  return count;
}
