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
import {groupInUse} from '../group-in-use.ts';
import type {GroupCoordinator} from './group-coordinator.ts';
import type {TopicRecord} from './journal-entry.ts';
import type {LogStore} from './log-store.ts';
import type {TransactionCoordinator} from './transaction-coordinator.ts';

/** Kafka's default `log.retention.hours`: 7 days. */
const DEFAULT_RETENTION_MS = 168 * 60 * 60 * 1000;

/** Creates, describes and deletes topics, and answers where partitions and groups stand. */
export class EmbeddedAdmin implements TopicAdmin {
  readonly #store: LogStore;
  readonly #transactions: TransactionCoordinator;
  readonly #groups: GroupCoordinator;
  readonly #randomId: () => string;

  constructor(
    store: LogStore,
    transactions: TransactionCoordinator,
    groups: GroupCoordinator,
    randomId: () => string,
  ) {
    this.#store = store;
    this.#transactions = transactions;
    this.#groups = groups;
    this.#randomId = randomId;
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    const {topics, journal} = this.#store;
    for (const spec of specs) assertMatches(spec, topics.topic(spec.name));
    const createdTopics: TopicRecord[] = [];
    for (const spec of specs) {
      if (topics.topic(spec.name) !== undefined) continue;
      if (createdTopics.some(({name}) => name === spec.name)) continue;
      const number = topics.nextNumber;
      topics.reserve(number + 1);
      createdTopics.push({
        number,
        name: spec.name,
        topicId: this.#randomId(),
        partitions: spec.partitions,
        cleanupPolicy: spec.cleanupPolicy,
        retentionMs: spec.retentionMs ?? DEFAULT_RETENTION_MS,
      });
    }
    if (createdTopics.length === 0) return;
    // At once, so that a second creation under way finds it.
    for (const topic of createdTopics) topics.add(topic);
    await journal.append({change: {createdTopics}, batches: [], apply: () => undefined});
  }

  async describeTopics(names?: readonly string[]): Promise<readonly TopicDescription[]> {
    const all = this.#store.topics.topics();
    const wanted = names === undefined ? all : all.filter(({name}) => names.includes(name));
    return wanted.map(({name, topicId, partitions, cleanupPolicy}) => ({
      name,
      topicId,
      partitions,
      cleanupPolicy,
    }));
  }

  async deleteTopics(names: readonly string[]): Promise<void> {
    const {topics, journal, groupOffsets, deletedTopics} = this.#store;
    const found = names.flatMap((name) => topics.topic(name) ?? []);
    if (found.length === 0) return;
    const apply = (): void => {
      for (const {number, partitions} of found) {
        topics.remove(number);
        groupOffsets.removeTopic(number);
        deletedTopics.set(number, partitions);
      }
    };
    const change = {deletedTopics: found.map(({number}) => number)};
    await journal.append({change, batches: [], apply});
  }

  /** Maintenance does it, with what has expired. */
  async deleteRecords(before: readonly OffsetCommit[]): Promise<void> {
    for (const {topic, partition, offset} of before) {
      const log = this.#store.topics.require({topic, partition});
      log.deletableBefore = Math.max(log.deletableBefore, offset);
    }
  }

  async offsets(partitions: readonly TopicPartition[]): Promise<readonly PartitionOffsets[]> {
    return partitions.map(({topic, partition}) => {
      const log = this.#store.topics.require({topic, partition});
      const {logStartOffset: earliest, endOffset: latest, lastStableOffset: stable} = log;
      return {topic, partition, earliest, latest, stable};
    });
  }

  async committedOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
  ): Promise<readonly (number | null)[]> {
    const {topics, groupOffsets} = this.#store;
    const logs = partitions.map((partition) => topics.find(partition));
    const existing = logs.filter((log) => log !== undefined);
    await this.#transactions.whenStable(groupId, existing);
    return logs.map((log) => (log === undefined ? null : groupOffsets.get(groupId, log)));
  }

  async groupMembers(groupId: string): Promise<readonly GroupMemberDescription[]> {
    return this.#groups.members(groupId);
  }

  async deleteGroup(groupId: string): Promise<void> {
    const {journal, groupOffsets} = this.#store;
    if (this.#groups.members(groupId).length > 0) throw groupInUse(groupId);
    const apply = (): void => groupOffsets.removeGroup(groupId);
    await journal.append({change: {deletedGroups: [groupId]}, batches: [], apply});
  }
}

function assertMatches(spec: TopicSpec, topic: TopicRecord | undefined): void {
  if (topic === undefined) return;
  if (topic.partitions === spec.partitions && topic.cleanupPolicy === spec.cleanupPolicy) return;
  throw new FatalError(
    'KAFKA_TOPIC_MISMATCH',
    `Topic ${spec.name} has ${topic.partitions} partitions and cleanup.policy ${topic.cleanupPolicy}, but ${spec.partitions} and ${spec.cleanupPolicy} are configured: set them alike, or delete the topic and reset what reads it`,
  );
}
