import {FatalError} from '../../common/errors.ts';
import type {
  GroupMemberDescription,
  OffsetCommit,
  PartitionOffsets,
  TopicAdmin,
  TopicDescription,
  TopicPartition,
  TopicSpec,
} from '../client.ts';
import {BrokerError} from './connection/broker-error.ts';
import type {Cluster} from './connection/cluster.ts';
import {check} from './connection/cluster.ts';
import {
  createTopicsRequest,
  deleteRecordsRequest,
  deleteTopicsRequest,
  describeConfigsRequest,
} from './protocol/admin-requests.ts';
import {errorCode, isCoordinatorMove} from './protocol/error-code.ts';
import {deleteGroupRequest, describeGroupRequest} from './protocol/group-admin-requests.ts';
import {groupInUse} from '../group-in-use.ts';
import {listOffsetsRequest} from './protocol/list-offsets.ts';
import type {ListedPoint} from './protocol/list-offsets.ts';
import {metadataRequest} from './protocol/metadata.ts';
import type {TopicMetadata} from './protocol/metadata.ts';
import {offsetFetchRequest} from './protocol/offset-fetch.ts';
import {partitionName} from './protocol/topic-partitions.ts';
import {newTopic} from './new-topic.ts';
import {topicMismatches} from './topic-mismatches.ts';
import type {TopicShape} from './topic-mismatches.ts';

const LANE = 'control';
/** A commit that is pending takes a few milliseconds. */
const UNSTABLE_BACKOFF_MS = 5;

/** Topics and offsets of a real cluster. */
export class KafkajsAdmin implements TopicAdmin {
  readonly #cluster: Cluster;
  readonly #minInsyncReplicas: number | undefined;

  constructor(cluster: Cluster, minInsyncReplicas: number | undefined) {
    this.#cluster = cluster;
    this.#minInsyncReplicas = minInsyncReplicas;
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    const names = topics.map(({name}) => name);
    const existing = new Set((await this.#metadata(names)).map(({name}) => name));
    const missing = topics.filter(({name}) => !existing.has(name));
    if (missing.length > 0) await this.#create(missing);
    const found = new Map((await this.#described(names)).map((topic) => [topic.name, topic]));
    for (const spec of topics) verifyTopic(spec, found.get(spec.name), this.#minInsyncReplicas);
  }

  async describeTopics(names?: readonly string[]): Promise<readonly TopicDescription[]> {
    return (await this.#described(names)).map(({name, topicId, partitions, cleanupPolicy}) => ({
      name,
      topicId,
      partitions,
      // What is also deleted by age is no table.
      cleanupPolicy: cleanupPolicy === 'compact' ? 'compact' : 'delete',
    }));
  }

  async deleteTopics(names: readonly string[]): Promise<void> {
    await this.#cluster.retry(`deleting topics ${names.join(', ')}`, async () => {
      if (this.#cluster.isStale) await this.#cluster.refresh();
      const answers = await this.#cluster.sendToController(deleteTopicsRequest(names));
      for (const {name, error} of answers) {
        if (error === errorCode.unknownTopicOrPartition) continue;
        check(error, `deleting topic ${name}`, {topicOperation: 'DELETE'});
      }
    });
    this.#cluster.forgetTopics(names);
    await this.#cluster.retry('waiting for deleted topics to go', async () => {
      const [left] = await this.#metadata(names);
      if (left !== undefined) {
        throw new BrokerError(errorCode.leaderNotAvailable, `deleting topic ${left.name}`);
      }
    });
  }

  async deleteRecords(before: readonly OffsetCommit[]): Promise<void> {
    await this.#byLeader('deleting records that were read', before, async (leader, some) => {
      const answers = await this.#cluster.send(LANE, leader, deleteRecordsRequest(some));
      for (const answer of answers) {
        const doing = `deleting records of ${partitionName(answer)}`;
        check(answer.error, doing, {topicOperation: 'DELETE'});
      }
    });
  }

  async offsets(partitions: readonly TopicPartition[]): Promise<readonly PartitionOffsets[]> {
    const [earliest, latest, stable] = await Promise.all([
      this.#listed('earliest', partitions),
      this.#listed('latest', partitions),
      this.#listed('stable', partitions),
    ]);
    return partitions.map((item) => ({
      topic: item.topic,
      partition: item.partition,
      earliest: earliest.get(partitionName(item)) as number,
      latest: latest.get(partitionName(item)) as number,
      stable: stable.get(partitionName(item)) as number,
    }));
  }

  async committedOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
  ): Promise<readonly (number | null)[]> {
    const doing = `reading the offsets of group ${groupId}`;
    const found = await this.#cluster.retry(
      doing,
      async () => {
        const request = offsetFetchRequest(groupId, partitions);
        const answer = await this.#cluster.sendToCoordinator(LANE, 'group', groupId, request);
        for (const error of [answer.error, ...answer.partitions.map((item) => item.error)]) {
          if (isCoordinatorMove(error)) this.#cluster.forgetCoordinator('group', groupId);
          check(error, doing);
        }
        return answer.partitions;
      },
      {
        backoffFor: (error) =>
          error instanceof BrokerError && error.code === errorCode.unstableOffsetCommit
            ? UNSTABLE_BACKOFF_MS
            : undefined,
      },
    );
    const byName = new Map(found.map((item) => [partitionName(item), item.offset]));
    return partitions.map((item) => {
      const offset = byName.get(partitionName(item)) ?? -1;
      return offset < 0 ? null : offset;
    });
  }

  async groupMembers(groupId: string): Promise<readonly GroupMemberDescription[]> {
    const doing = `describing group ${groupId}`;
    const request = describeGroupRequest(groupId);
    const {members} = await this.#cluster.retry(doing, async () => {
      const group = await this.#cluster.sendToCoordinator(LANE, 'group', groupId, request);
      this.#checkGroup(groupId, group.error, doing);
      return group;
    });
    return members;
  }

  async deleteGroup(groupId: string): Promise<void> {
    const doing = `deleting group ${groupId}`;
    const request = deleteGroupRequest(groupId);
    await this.#cluster.retry(doing, async () => {
      const error = await this.#cluster.sendToCoordinator(LANE, 'group', groupId, request);
      if (error === errorCode.nonEmptyGroup) throw groupInUse(groupId);
      this.#checkGroup(groupId, error, doing);
    });
  }

  /** That there is none is no failure. */
  #checkGroup(groupId: string, error: number, doing: string): void {
    if (error === errorCode.groupIdNotFound) return;
    if (isCoordinatorMove(error)) this.#cluster.forgetCoordinator('group', groupId);
    check(error, doing);
  }

  async #create(specs: readonly TopicSpec[]): Promise<void> {
    const names = specs.map(({name}) => name);
    await this.#cluster.retry(`creating topics ${names.join(', ')}`, async () => {
      await this.#cluster.refresh();
      const answers = await this.#cluster.sendToController(
        createTopicsRequest(specs.map((spec) => newTopic(spec, this.#minInsyncReplicas))),
      );
      for (const {name, error, message} of answers) {
        // Another instance was faster.
        if (error !== errorCode.topicAlreadyExists) {
          check(error, `creating topic ${name}`, {detail: message, topicOperation: 'CREATE'});
        }
      }
    });
    await this.#cluster.retry('waiting for leaders of new topics', async () => {
      const created = await this.#metadata(names);
      const isReady =
        created.length === names.length &&
        created.every(({partitions}) => partitions.every(({leader}) => leader >= 0));
      if (!isReady) {
        throw new BrokerError(errorCode.leaderNotAvailable, `creating ${names.join(', ')}`);
      }
    });
  }

  async #metadata(names?: readonly string[]): Promise<readonly TopicMetadata[]> {
    if (names === undefined) return this.#cluster.allTopics();
    return this.#cluster.retry('reading metadata', async () => {
      const {topics} = await this.#cluster.sendToAny(metadataRequest(names));
      return topics.filter(({name, error}) => {
        if (error === errorCode.unknownTopicOrPartition) return false;
        // A leader may be missing for a moment; its partitions are known all the same.
        if (error !== errorCode.leaderNotAvailable) check(error, `describing topic ${name}`);
        return true;
      });
    });
  }

  async #described(names?: readonly string[]): Promise<readonly DescribedTopic[]> {
    const topics = await this.#metadata(names);
    if (topics.length === 0) return [];
    const keys = ['cleanup.policy', 'min.insync.replicas'];
    const request = describeConfigsRequest(
      topics.map(({name}) => name),
      keys,
    );
    const answers = await this.#cluster.retry('reading topic configurations', () =>
      this.#cluster.sendToAny(request),
    );
    const configs = new Map(
      answers.map(({name, error, message, configs: found}) => {
        const doing = `reading the configuration of topic ${name}`;
        check(error, doing, {detail: message, topicOperation: 'DESCRIBE_CONFIGS'});
        return [name, found];
      }),
    );
    return topics.map(({name, topicId, partitions}) => ({
      name,
      topicId,
      partitions: partitions.length,
      replicationFactor: Math.min(...partitions.map(({replicas}) => replicas)),
      cleanupPolicy: configs.get(name)?.get('cleanup.policy') ?? 'delete',
      minInsyncReplicas: Number(configs.get(name)?.get('min.insync.replicas') ?? 1),
    }));
  }

  async #listed(
    which: ListedPoint,
    partitions: readonly TopicPartition[],
  ): Promise<ReadonlyMap<string, number>> {
    const offsets = new Map<string, number>();
    const doing = `listing the ${which} offsets`;
    await this.#byLeader(doing, partitions, async (leader, some) => {
      const answers = await this.#cluster.send(LANE, leader, listOffsetsRequest(which, some));
      for (const answer of answers) {
        check(answer.error, `${doing} of ${partitionName(answer)}`);
        offsets.set(partitionName(answer), answer.offset);
      }
    });
    return offsets;
  }

  /** Asks each leader for its share; all of them again when one has moved. */
  async #byLeader<T extends TopicPartition>(
    doing: string,
    partitions: readonly T[],
    ask: (leader: number, some: readonly T[]) => Promise<void>,
  ): Promise<void> {
    await this.#cluster.retry(doing, async () => {
      const unknown = partitions.filter((item) => this.#cluster.leaderOf(item) === undefined);
      if (unknown.length > 0) {
        await this.#cluster.refresh([...new Set(unknown.map(({topic}) => topic))]);
      }
      const leaders = this.#cluster.byLeader(partitions, (item) => item);
      await Promise.all(
        [...leaders].map(async ([leader, some]) => {
          if (leader === undefined) {
            const names = some.map(partitionName).join(', ');
            throw new BrokerError(errorCode.leaderNotAvailable, `${doing} of ${names}`);
          }
          await ask(leader, some);
        }),
      );
    });
  }
}

interface DescribedTopic extends TopicShape {
  readonly name: string;
  readonly topicId: string;
}

/** @throws FatalError KAFKA_TOPIC_MISMATCH where the topic is weaker or other than what is needed. */
function verifyTopic(
  spec: TopicSpec,
  found: DescribedTopic | undefined,
  minInsyncReplicas: number | undefined,
): void {
  const [mismatch] =
    found === undefined
      ? [{has: 'is gone again'}]
      : topicMismatches(spec, found, minInsyncReplicas);
  if (mismatch === undefined) return;
  throw new FatalError(
    'KAFKA_TOPIC_MISMATCH',
    `Topic ${spec.name} ${mismatch.has}; change the topic, or the configuration that asks for it`,
  );
}
