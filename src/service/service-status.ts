import type {Clock} from '../common/clock.ts';
import type {Component, ComponentStatus} from '../common/component.ts';
import type {Condition, Conditions} from '../common/conditions.ts';
import {RetriableError} from '../common/errors.ts';
import type {TopicAdmin} from '../kafka/client.ts';
import {isKafkaOut} from './kafka-outage.ts';

export interface ServiceStatus {
  readonly components: Readonly<Record<string, ComponentStatus>>;
  /** By `topic-partition`: the end of its log, read after the components were asked; null while Kafka does not say. */
  readonly logEnds: Readonly<Record<string, number>> | null;
  readonly conditions: readonly Condition[];
}

interface StatusDeps {
  readonly conditions: Conditions;
  readonly admin: TopicAdmin;
  readonly clock: Clock;
}

/** How long the status waits for Kafka, which may repeat a request for a minute. */
const LOG_ENDS_MS = 5000;

/** What `/api/status` answers; log ends are those of `topicNames`, where they exist. */
export async function serviceStatus(
  components: readonly Component[],
  topicNames: readonly string[],
  {conditions, admin, clock}: StatusDeps,
): Promise<ServiceStatus> {
  const states = components.map((component) => [component.name, component.status()] as const);
  return {
    components: Object.fromEntries(states),
    logEnds: isKafkaOut(conditions)
      ? null
      : await within(LOG_ENDS_MS, clock, () => logEnds(admin, topicNames)),
    conditions: conditions.list(),
  };
}

async function logEnds(
  admin: TopicAdmin,
  topicNames: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  const topics = await admin.describeTopics(topicNames);
  const ends = await admin.offsets(
    topics.flatMap(({name, partitions}) =>
      Array.from({length: partitions}, (_, partition) => ({topic: name, partition})),
    ),
  );
  return Object.fromEntries(
    ends.map(({topic, partition, latest}) => [`${topic}-${partition}`, latest]),
  );
}

/** The answer, or null when there is none after `ms`, or only that it may come later. */
async function within<T>(ms: number, clock: Clock, ask: () => Promise<T>): Promise<T | null> {
  const answered = new AbortController();
  try {
    return await Promise.race([ask(), clock.sleep(ms, answered.signal).then(() => null)]);
  } catch (error) {
    if (!(error instanceof RetriableError)) throw error;
    return null;
  } finally {
    answered.abort();
  }
}

/** Why the service is not ready: components that do not run, and the conditions that hold, warnings left out. */
export function unreadyReasons(
  components: readonly Component[],
  conditions: Conditions,
): readonly string[] {
  return [
    ...components.flatMap((component) => {
      const {state} = component.status();
      return state === 'running' ? [] : [`${component.name} is ${state}`];
    }),
    ...conditions
      .list()
      .filter(({severity}) => severity !== 'warning')
      .map(inWords),
  ];
}

/** The conditions in which the service is ready all the same. */
export function warningsOf(conditions: Conditions): readonly string[] {
  return conditions
    .list()
    .filter(({severity}) => severity === 'warning')
    .map(inWords);
}

function inWords({code, subject, message}: Condition): string {
  return `${code} (${subject}): ${message}`;
}
