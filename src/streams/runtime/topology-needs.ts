import type {NeededTopic, TopicOperation} from '../../kafka/needed-topic.ts';
import {formatDeserializer, formatSerializer} from '../../serde/format-serde.ts';
import {toJsonSchema} from '../../serde/json-schema.ts';
import type {NeededSubject} from '../../serde/registry/needed-subject.ts';
import type {Serdes} from '../../serde/serde.ts';
import type {Topology} from '../topology/topology.ts';
import {planTasks} from './task-plan.ts';
import type {TaskPlan, TaskPlanOptions} from './task-plan.ts';
import {changelogName, topicName} from './topic-names.ts';
import {openSerdes} from './topic-serdes.ts';

/**
 * The topics that the tasks of a topology read, write and keep their stores in, as they are planned over what exists.
 *
 * @throws FatalError KAFKA_TOPIC_MISMATCH when topics that are read together have different partition counts.
 */
export function topologyTopics(options: TaskPlanOptions): readonly NeededTopic[] {
  const {topology, applicationId, existing, numPartitions, deadLetterTopic} = options;
  const plan = planTasks(options);
  const exact = new Map(plan.topics.map((spec) => [spec.name, spec]));
  const operations = new Map<string, Set<TopicOperation>>();
  const needs = (name: string, ...more: readonly TopicOperation[]): void => {
    operations.set(name, new Set([...(operations.get(name) ?? []), ...more]));
  };
  for (const node of topology.nodes) {
    if (node.kind === 'operator' || isHandedOn(plan, topology, node.topic)) continue;
    const name = topicName(applicationId, node.topic);
    if (node.kind === 'sink') needs(name, 'WRITE');
    // What was read of a repartition topic is deleted.
    else if (node.topic.internal) needs(name, 'READ', 'WRITE', 'DELETE');
    else needs(name, 'READ');
  }
  for (const {stores} of plan.groups)
    for (const store of stores) needs(changelogName(applicationId, store), 'READ', 'WRITE');
  if (deadLetterTopic !== undefined) needs(deadLetterTopic, 'WRITE');
  return [...operations].map(([name, some]) => {
    const spec = exact.get(name);
    const partitions = existing.get(name) ?? numPartitions;
    return {
      spec: spec ?? {name, partitions, cleanupPolicy: 'delete'},
      isExact: spec !== undefined,
      isCreated: spec !== undefined,
      operations: [...some],
    };
  });
}

/** The schemas that the tasks register before their first record, where no topic exists yet. */
export async function topologySubjects(
  options: Omit<TaskPlanOptions, 'existing'>,
): Promise<readonly NeededSubject[]> {
  const {topology, applicationId} = options;
  const plan = planTasks({...options, existing: new Map()});
  const subjects = new Map<string, NeededSubject>();
  const recorded: Serdes = {
    serializer: (format, topic, side) => {
      const subject = `${topic}-${side}`;
      if (format.name === 'JSON_SR')
        subjects.set(subject, {subject, schema: toJsonSchema(format.schema)});
      return Promise.resolve(formatSerializer(format, subject, () => 0));
    },
    deserializer: (format) => formatDeserializer(format, new Set()),
    resolve: () => Promise.resolve(),
  };
  await openSerdes(
    recorded,
    applicationId,
    topology,
    (topic) => !isHandedOn(plan, topology, topic),
  );
  return [...subjects.values()];
}

/** Whether records go from one sub-topology to the next in process, so that the topic is not there. */
function isHandedOn(
  {handsOn}: TaskPlan,
  topology: Topology,
  {name, internal}: {readonly name: string; readonly internal: boolean},
): boolean {
  return handsOn && internal && topology.sourceOf(name) !== undefined;
}
