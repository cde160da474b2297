import {failed, ok, warning} from '../../../common/check-result.ts';
import type {CheckResult} from '../../../common/check-result.ts';
import type {NeededTopic} from '../../needed-topic.ts';
import {errorCode, errorName} from '../protocol/error-code.ts';
import {topicMismatches} from '../topic-mismatches.ts';
import type {TopicMismatch, TopicShape} from '../topic-mismatches.ts';
import {aclCommand} from './acl-command.ts';
import type {AclContext, AclOperation} from './acl-command.ts';

/** A topic that is there, as far as the client may see it. */
export interface SeenTopic {
  readonly shape: TopicShape;
  /** `max.message.bytes`; undefined where the client may not see it. */
  readonly maxMessageBytes: number | undefined;
  /** What the client lacks of what is needed. */
  readonly denied: readonly AclOperation[];
}

/** What a cluster has said of a topic. */
export type TopicSight =
  | {readonly kind: 'there'; readonly topic: SeenTopic}
  /** It may be there or not. */
  | {readonly kind: 'hidden'}
  | {
      readonly kind: 'missing';
      /** What creating it would come to; undefined where somebody else creates it. */
      readonly creation: TopicCreation | undefined;
      readonly mayWrite: boolean;
    };

export interface TopicCreation {
  /** Code of Kafka's protocol, 0 for none. */
  readonly error: number;
  readonly message: string | null;
  /** What it would have. */
  readonly maxMessageBytes: number | undefined;
}

export interface TopicContext extends AclContext {
  /** `min.insync.replicas` as configured. */
  readonly minInsyncReplicas: number | undefined;
  /** `max.request.size`. */
  readonly maxRequestSize: number;
  readonly brokers: number;
}

/** What stands between the service and one of its topics. */
export function topicChecks(
  needed: NeededTopic,
  sight: TopicSight,
  context: TopicContext,
): readonly CheckResult[] {
  const name = `topic ${needed.spec.name}`;
  switch (sight.kind) {
    case 'hidden':
      return [deniedCheck(name, needed, operationsOf(needed), context)];
    case 'missing':
      return missingChecks(name, needed, sight, context);
    case 'there':
      break;
  }
  return foundChecks(name, needed, sight.topic, context);
}

/** All that the client has to be allowed, by the names of ACLs. */
export function operationsOf({operations, isCreated}: NeededTopic): readonly AclOperation[] {
  return [
    'Describe',
    'DescribeConfigs',
    ...operations.map((operation) => aclNames[operation]),
    ...(isCreated ? (['Create'] as const) : []),
  ];
}

const aclNames = {READ: 'Read', WRITE: 'Write', DELETE: 'Delete'} as const;

function foundChecks(
  name: string,
  needed: NeededTopic,
  {shape, maxMessageBytes, denied}: SeenTopic,
  context: TopicContext,
): readonly CheckResult[] {
  const results: CheckResult[] = [];
  if (denied.length > 0) results.push(deniedCheck(name, needed, denied, context));
  const mismatches = needed.isExact
    ? topicMismatches(needed.spec, shape, context.minInsyncReplicas)
    : [];
  for (const mismatch of denied.includes('DescribeConfigs') ? [] : mismatches)
    results.push(
      failed(
        name,
        `it ${mismatch.has}`,
        mismatchRemedy(needed.spec.name, mismatch, shape, context),
      ),
    );
  if (needed.operations.includes('WRITE'))
    results.push(...sizeChecks(name, needed.spec.name, maxMessageBytes, context));
  if (shape.minInsyncReplicas > shape.replicationFactor)
    results.push(
      failed(
        name,
        `it has min.insync.replicas ${shape.minInsyncReplicas} and ${shape.replicationFactor} replicas: nothing can be written`,
        {
          remedy: 'run, or give it more replicas',
          commands: [
            configCommand(
              context,
              needed.spec.name,
              `min.insync.replicas=${shape.replicationFactor}`,
            ),
          ],
        },
      ),
    );
  if (results.length > 0) return results;
  return [
    ok(name, `there, ${shape.partitions} ${shape.partitions === 1 ? 'partition' : 'partitions'}`),
  ];
}

function missingChecks(
  name: string,
  needed: NeededTopic,
  {creation, mayWrite}: Extract<TopicSight, {kind: 'missing'}>,
  context: TopicContext,
): readonly CheckResult[] {
  const {spec, operations} = needed;
  if (creation === undefined)
    return [
      warning(name, 'it does not exist, and nothing of this service makes it', {
        remedy: 'start what writes it, or create it',
        commands: [
          `kafka-topics.sh --bootstrap-server ${context.bootstrapServers.join(',')} --create --topic ${spec.name} --partitions ${spec.partitions}`,
        ],
      }),
    ];
  if (
    creation.error === errorCode.topicAuthorizationFailed ||
    creation.error === errorCode.clusterAuthorizationFailed
  )
    return [deniedCheck(name, needed, mayWrite ? ['Create'] : operationsOf(needed), context)];
  const {replicationFactor = 1} = spec;
  if (replicationFactor > context.brokers)
    return [
      failed(
        name,
        `it is to have ${replicationFactor} replicas, and there are ${context.brokers} brokers`,
        {remedy: `set replication.factor: ${context.brokers}, or add brokers`},
      ),
    ];
  if (creation.error !== errorCode.none)
    return [
      failed(
        name,
        `the cluster would not make it: ${errorName(creation.error)}${creation.message === null ? '' : `, ${creation.message}`}`,
        {remedy: 'change num.partitions or replication.factor, or have the topic created'},
      ),
    ];
  const results = mayWrite ? [] : [deniedCheck(name, needed, operationsOf(needed), context)];
  if (operations.includes('WRITE'))
    results.push(...sizeChecks(name, spec.name, creation.maxMessageBytes, context));
  return results.length > 0 ? results : [ok(name, 'the service makes it')];
}

function deniedCheck(
  name: string,
  {spec}: NeededTopic,
  denied: readonly AclOperation[],
  context: TopicContext,
): CheckResult {
  return failed(name, `${context.principal} lacks ${denied.join(', ')} on it`, {
    remedy: 'run as an administrator',
    commands: [aclCommand(context, {kind: 'topic', name: spec.name}, denied)],
  });
}

function sizeChecks(
  name: string,
  topic: string,
  maxMessageBytes: number | undefined,
  context: TopicContext,
): CheckResult[] {
  const {maxRequestSize} = context;
  if (maxMessageBytes === undefined || maxMessageBytes >= maxRequestSize) return [];
  return [
    failed(
      name,
      `max.message.bytes ${maxMessageBytes} is below max.request.size ${maxRequestSize}`,
      {
        remedy: `set kafka.max.request.size: ${maxMessageBytes}, or run (after a start, where the topic is still to be made)`,
        commands: [configCommand(context, topic, `max.message.bytes=${maxRequestSize}`)],
      },
    ),
  ];
}

function mismatchRemedy(
  topic: string,
  {of: what, wanted}: TopicMismatch,
  {partitions}: TopicShape,
  context: TopicContext,
): {readonly remedy: string; readonly commands?: readonly string[]} {
  const tool = `kafka-topics.sh --bootstrap-server ${context.bootstrapServers.join(',')}`;
  switch (what) {
    case 'cleanup.policy':
    case 'min.insync.replicas':
      return {
        remedy: 'run as an administrator',
        commands: [configCommand(context, topic, `${what}=${wanted}`)],
      };
    case 'replicas':
      return {
        remedy: `give it more with kafka-reassign-partitions.sh, or set replication.factor lower`,
      };
    case 'partitions':
      break;
  }
  if (partitions < Number(wanted))
    return {
      remedy: 'where it holds nothing yet, run as an administrator',
      commands: [`${tool} --alter --topic ${topic} --partitions ${wanted}`],
    };
  return {
    remedy: 'where nothing of it is needed, run as an administrator; the service makes it anew',
    commands: [`${tool} --delete --topic ${topic}`],
  };
}

function configCommand({bootstrapServers}: AclContext, topic: string, setting: string): string {
  return `kafka-configs.sh --bootstrap-server ${bootstrapServers.join(',')} --alter --entity-type topics --entity-name ${topic} --add-config ${setting}`;
}
