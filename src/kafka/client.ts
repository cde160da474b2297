import type {MemoryRecords} from './memory-records/memory-records.ts';

/**
 * The port to Kafka: what the stages need of a cluster, and nothing more.
 *
 * Semantics are those of Apache Kafka's own protocol (transactions of KIP-98 and KIP-447, groups with generations);
 * offsets are JavaScript numbers, exact up to 2^53. Records cross an await in batches, never one by one.
 * Every implementation passes `test/suites/kafka-client-suite.ts`.
 */
export interface KafkaClient {
  readonly admin: TopicAdmin;
  /** One producer per transactional id may be alive: `init` fences the one before it. */
  transactionalProducer(
    transactionalId: string,
    options?: TransactionOptions,
  ): TransactionalProducer;
  fetcher(options: FetcherOptions): Fetcher;
  groupMember(options: GroupOptions): GroupMember;
  /** Closes every connection; open transactions are left to be aborted. */
  close(): Promise<void>;
}

export interface TransactionOptions {
  /**
   * How long a transaction may be open before it is aborted and its producer fenced. Default, and where the broker does
   * not allow it: `transaction.timeout.ms`.
   */
  readonly timeoutMs?: number;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** One that is a `DeferredHeader` is written without its value being made; who asks for that makes it. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer;
}

/** What a producer writes. A null value is a tombstone. */
export interface ProducerRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly timestamp: number;
  readonly headers: readonly RecordHeader[];
}

/** What a fetcher reads: the record and where it stands. */
export interface ConsumedRecord extends ProducerRecord {
  readonly offset: number;
}

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly cleanupPolicy: 'delete' | 'compact';
  /** Milliseconds; -1 keeps records for ever. Ignored where `cleanupPolicy` is `compact`. Default: 7 days. */
  readonly retentionMs?: number;
  /** Default: the broker's. */
  readonly replicationFactor?: number | undefined;
}

export interface TopicDescription {
  readonly name: string;
  /** Changes when a topic is deleted and created again under the same name. */
  readonly topicId: string;
  readonly partitions: number;
  readonly cleanupPolicy: 'delete' | 'compact';
}

export interface TopicAdmin {
  /**
   * Creates the topics that do not exist.
   *
   * @throws FatalError KAFKA_TOPIC_MISMATCH when one exists with another partition count or cleanup policy.
   */
  ensureTopics(topics: readonly TopicSpec[]): Promise<void>;
  /** The topics that exist, of those named (all, without names). */
  describeTopics(names?: readonly string[]): Promise<readonly TopicDescription[]>;
  deleteTopics(names: readonly string[]): Promise<void>;
  /** What stands before each offset may go, at once or soon: everybody has read it. */
  deleteRecords(before: readonly OffsetCommit[]): Promise<void>;
  /** Where the log of each partition starts and ends, for those who read all of it and those who read what is committed. */
  offsets(partitions: readonly TopicPartition[]): Promise<readonly PartitionOffsets[]>;
  /**
   * What the group has committed; null where nothing. Waits for pending transactional commits (`require_stable`), so
   * that a new owner never reads the offset from before a zombie's commit.
   */
  committedOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
  ): Promise<readonly (number | null)[]>;
  /** The group's members: processes that are alive, or died less than their session timeout ago. None where there is no group. */
  groupMembers(groupId: string): Promise<readonly GroupMemberDescription[]>;
  /**
   * Forgets the group and what it has committed; nothing where there is none.
   *
   * @throws FatalError KAFKA_GROUP_IN_USE while it has members.
   */
  deleteGroup(groupId: string): Promise<void>;
}

export interface GroupMemberDescription {
  readonly memberId: string;
  /** `group.instance.id` of a static member. */
  readonly instanceId: string | undefined;
  /** Where it connects from; undefined within this process. */
  readonly host: string | undefined;
}

export interface PartitionOffsets extends TopicPartition {
  readonly earliest: number;
  /** The high watermark: one past the last record, open transactions included. */
  readonly latest: number;
  /** The last stable offset: where read_committed ends, before the first open transaction. */
  readonly stable: number;
}

export interface ProduceBatch extends TopicPartition {
  /** Not empty; written in this order. */
  readonly records: readonly ProducerRecord[];
}

/** The same of records that were encoded as they came. */
export interface EncodedProduceBatch extends TopicPartition {
  readonly records: MemoryRecords;
}

export interface ProducedBatch extends TopicPartition {
  /** Offset of the first record. */
  readonly baseOffset: number;
  /** One past the last record's offset. Records of other producers may stand in between. */
  readonly nextOffset: number;
}

export interface OffsetCommit extends TopicPartition {
  /** The next offset to read. */
  readonly offset: number;
}

/** Who commits offsets: the broker refuses them from a member of an earlier generation. */
export interface GroupMetadata {
  readonly groupId: string;
  /** -1 with an empty member id commits from outside of the group protocol. */
  readonly generationId: number;
  readonly memberId: string;
  /** `group.instance.id` of a static member. */
  readonly instanceId?: string | undefined;
}

/**
 * A producer whose records appear to read_committed readers all at once, or never.
 *
 * `init` once, then `begin`, any number of `send` and `sendOffsets`, and `commit` or `abort`. One transaction at a
 * time; calls must not overlap. After TaskError KAFKA_PRODUCER_FENCED the object is dead. After any other failure of
 * `commit` the outcome is unknown: `init` again (which completes or aborts it) and read the committed offsets anew.
 */
export interface TransactionalProducer {
  /** Fences earlier producers of this transactional id and aborts what they left open. */
  init(): Promise<void>;
  begin(): void;
  /** Appends to the log within the transaction. Results are in the order of `batches`. */
  send(batches: readonly (ProduceBatch | EncodedProduceBatch)[]): Promise<readonly ProducedBatch[]>;
  /** @throws TaskError KAFKA_ILLEGAL_GENERATION when the group has moved on: abort and rejoin. */
  sendOffsets(group: GroupMetadata, offsets: readonly OffsetCommit[]): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
}

export interface FetcherOptions {
  readonly isolation: 'read_committed' | 'read_uncommitted';
  /** Stop filling one answer after about this many bytes per partition. Default: 1 MiB. */
  readonly maxPartitionBytes?: number;
  /** Whether records come with their headers; without any otherwise, for who looks at none. Default: true. */
  readonly headers?: boolean;
}

/** The answer to one fetch of one partition; `records` may be empty while the watermarks move. */
export interface FetchedPartition extends TopicPartition {
  /** In offset order; under read_committed without aborted records, and never with control records. */
  readonly records: readonly ConsumedRecord[];
  /** The next offset to fetch: past control records and aborted ones, so it may exceed the last record's by more than 1. */
  readonly position: number;
  /** End of the log as of this fetch, open transactions included. */
  readonly highWatermark: number;
  /** End of what read_committed may see as of this fetch. */
  readonly lastStableOffset: number;
  /**
   * When the fetch was sent and when its answer arrived, as ticks of this fetcher. An answer with `sentAt >= t` saw
   * everything that stood in the log before the answer that arrived at `t`.
   */
  readonly sentAt: number;
  readonly arrivedAt: number;
}

/** Reads partitions from given offsets. Not a group member: who reads what is decided above. */
export interface Fetcher {
  /** Starts (or moves) reading of a partition at `offset`. */
  assign(partition: TopicPartition, offset: number): void;
  unassign(partition: TopicPartition): void;
  /** A paused partition is left out of polls; its position stays. */
  pause(partition: TopicPartition): void;
  resume(partition: TopicPartition): void;
  position(partition: TopicPartition): number | undefined;
  /**
   * Answers for the assigned, unpaused partitions. Returns at once when there are records; otherwise when records or a
   * new high watermark arrive, after `maxWaitMs`, or when `signal` aborts (then possibly with nothing).
   *
   * @throws TaskError KAFKA_OFFSET_OUT_OF_RANGE when a position lies outside of the log.
   */
  poll(maxWaitMs: number, signal?: AbortSignal): Promise<readonly FetchedPartition[]>;
  close(): Promise<void>;
}

export interface GroupOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Who gets which partitions; called on the leader only, with the members in order of their ids and the partition counts. */
  readonly assign: GroupAssignor;
  /** What the member tells the leader of itself; called at each join. Default: nothing. */
  readonly userData?: (() => Buffer) | undefined;
  readonly sessionTimeoutMs: number;
  /** Static membership (`group.instance.id`): a restart under the same id takes its own place again. */
  readonly instanceId?: string | undefined;
  /**
   * Whether `leave` gives up the place of a static member, so that the others need not wait for its session to time out.
   * Default: false, as in Kafka.
   */
  readonly releasesPlace?: boolean | undefined;
}

/** What the leader knows of a member. */
export interface JoinedMember {
  /** Another one after each start of a process. */
  readonly memberId: string;
  readonly instanceId?: string | undefined;
  /** Empty where the member tells nothing. */
  readonly userData: Buffer;
}

/** What the leader gives a member, and what it tells it besides. */
export interface MemberAssignment {
  readonly partitions: readonly TopicPartition[];
  readonly userData?: Buffer | undefined;
}

/** By member id; a member that is not in the answer gets nothing. */
export type GroupAssignor = (
  members: readonly JoinedMember[],
  partitions: ReadonlyMap<string, number>,
) => ReadonlyMap<string, MemberAssignment>;

/** What a member owns until `ended` aborts. */
export interface GroupGeneration extends GroupMetadata {
  readonly assignment: readonly TopicPartition[];
  /** What the leader told this member; empty when that is nothing. */
  readonly userData: Buffer;
  /** Aborts when a rebalance has begun or the session is lost: commit what can be committed, then join again. */
  readonly ended: AbortSignal;
}

export interface GroupMember {
  /** Joins (again) and resolves with the new generation; heartbeats go on in the background until `leave`. */
  join(signal?: AbortSignal): Promise<GroupGeneration>;
  leave(): Promise<void>;
}
