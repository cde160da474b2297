import type {Component, ComponentStatus} from '../common/component.ts';
import type {Condition, Conditions} from '../common/conditions.ts';
import type {TopicAdmin} from '../kafka/client.ts';

export interface ServiceStatus {
  readonly components: Readonly<Record<string, ComponentStatus>>;
  /** By `topic-partition`: the end of its log, read after the components were asked. */
  readonly logEnds: Readonly<Record<string, number>>;
  readonly conditions: readonly Condition[];
}

/** What `/api/status` answers; log ends are those of `topicNames`, where they exist. */
export async function serviceStatus(
  components: readonly Component[],
  conditions: Conditions,
  admin: TopicAdmin,
  topicNames: readonly string[],
): Promise<ServiceStatus> {
  const states = components.map((component) => [component.name, component.status()] as const);
  const topics = await admin.describeTopics(topicNames);
  const ends = await admin.offsets(
    topics.flatMap(({name, partitions}) =>
      Array.from({length: partitions}, (_, partition) => ({topic: name, partition})),
    ),
  );
  return {
    components: Object.fromEntries(states),
    logEnds: Object.fromEntries(
      ends.map(({topic, partition, latest}) => [`${topic}-${partition}`, latest]),
    ),
    conditions: conditions.list(),
  };
}

/** Why the service is not ready: components that do not run, and the conditions that hold. */
export function unreadyReasons(
  components: readonly Component[],
  conditions: Conditions,
): readonly string[] {
  return [
    ...components.flatMap((component) => {
      const {state} = component.status();
      return state === 'running' ? [] : [`${component.name} is ${state}`];
    }),
    ...conditions.list().map(({code, subject, message}) => `${code} (${subject}): ${message}`),
  ];
}
