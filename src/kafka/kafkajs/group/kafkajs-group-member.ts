import {FatalError} from '../../../common/errors.ts';
import type {GroupGeneration, GroupMember, GroupMetadata, GroupOptions} from '../../client.ts';
import {BrokerError, ConnectionLostError} from '../connection/broker-error.ts';
import type {Cluster} from '../connection/cluster.ts';
import {check} from '../connection/cluster.ts';
import type {ApiRequest} from '../protocol/api-request.ts';
import {errorCode, isCoordinatorMove} from '../protocol/error-code.ts';
import {
  heartbeatRequest,
  joinGroupRequest,
  leaveGroupRequest,
  syncGroupRequest,
} from '../protocol/group-requests.ts';
import type {JoinGroupResponse} from '../protocol/group-requests.ts';
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './consumer-protocol.ts';

/** Name of the assignment protocol; all members of a group have to offer it. */
const PROTOCOL = 'millrace';
/** How long a rebalance waits for members that are alive to finish their transaction. */
const REBALANCE_TIMEOUT_MS = 60_000;
/** Heartbeats bring the news of a rebalance: until then the others wait. */
const MAX_HEARTBEAT_INTERVAL_MS = 300;

const NOTHING = Buffer.alloc(0);

/** A member by the classic group protocol, with heartbeats on a connection that nothing else waits on. */
export class KafkajsGroupMember implements GroupMember {
  readonly #cluster: Cluster;
  readonly #lane: string;
  readonly #options: GroupOptions;
  #memberId = '';
  #heartbeats: AbortController | undefined;
  /** Another process has joined under the same `group.instance.id`. */
  #isFenced = false;

  constructor(cluster: Cluster, lane: string, options: GroupOptions) {
    this.#cluster = cluster;
    this.#lane = lane;
    this.#options = options;
  }

  async join(signal?: AbortSignal): Promise<GroupGeneration> {
    this.#heartbeats?.abort();
    const {groupId} = this.#options;
    signal?.throwIfAborted();
    const stop = (): void => {
      // It waits at the broker for the others: only the end of the connection ends that.
      void this.#cluster.closeLane(this.#lane);
    };
    signal?.addEventListener('abort', stop, {once: true});
    try {
      return await this.#cluster.retry(
        `joining group ${groupId}`,
        async () => {
          for (;;) {
            const generation = await this.#joinOnce();
            if (generation !== undefined) return generation;
            signal?.throwIfAborted();
          }
        },
        {signal},
      );
    } catch (error) {
      if (signal?.aborted !== true) throw error;
      await this.leave();
      throw signal.reason;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  async leave(): Promise<void> {
    this.#heartbeats?.abort();
    this.#heartbeats = undefined;
    const {groupId, instanceId, releasesPlace} = this.#options;
    // A static member keeps its place until the session times out.
    const quits = instanceId === undefined || releasesPlace === true;
    if (quits && this.#memberId !== '') {
      const memberId = this.#memberId;
      this.#memberId = '';
      // Without an answer the session timeout does it.
      await this.#send(leaveGroupRequest(groupId, memberId, instanceId)).catch(() => undefined);
    }
    await this.#cluster.closeLane(this.#lane);
  }

  /** One JoinGroup and SyncGroup; undefined when it has to be tried again at once. */
  async #joinOnce(): Promise<GroupGeneration | undefined> {
    const {groupId, instanceId, topics, sessionTimeoutMs, userData} = this.#options;
    if (this.#isFenced) throw this.#fenced();
    const joined = await this.#send(
      joinGroupRequest({
        groupId,
        memberId: this.#memberId,
        instanceId: instanceId ?? null,
        sessionTimeoutMs,
        rebalanceTimeoutMs: Math.max(REBALANCE_TIMEOUT_MS, sessionTimeoutMs),
        protocolName: PROTOCOL,
        metadata: encodeSubscription({topics, userData: userData?.() ?? NOTHING}),
      }),
    );
    if (joined.error === errorCode.memberIdRequired) {
      this.#memberId = joined.memberId;
      return undefined;
    }
    if (this.#hasToRejoin(joined.error)) return undefined;
    this.#verify(joined.error, `joining group ${groupId}`);
    this.#memberId = joined.memberId;
    const {generationId, memberId, protocolName} = joined;
    const group: GroupMetadata = {groupId, generationId, memberId, instanceId};
    const isLeader = joined.leader === memberId && joined.members.length > 0;
    const synced = await this.#send(
      syncGroupRequest({
        ...group,
        protocolName,
        assignments: isLeader ? await this.#assign(joined) : new Map(),
        waitMs: REBALANCE_TIMEOUT_MS,
      }),
    );
    if (this.#hasToRejoin(synced.error)) return undefined;
    this.#verify(synced.error, `joining group ${groupId}`);
    const assigned = decodeAssignment(synced.assignment);
    return {
      ...group,
      assignment: assigned.partitions,
      userData: assigned.userData,
      ended: this.#startHeartbeats(group),
    };
  }

  async #assign({members}: JoinGroupResponse): Promise<ReadonlyMap<string, Buffer>> {
    const subscribed = members
      .map(({memberId, instanceId, metadata}) => ({
        memberId,
        instanceId: instanceId ?? undefined,
        ...decodeSubscription(metadata),
      }))
      .toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
    const topics = [...new Set(subscribed.flatMap((member) => member.topics))];
    await this.#cluster.refresh(topics);
    const counts = new Map(
      topics.map((topic) => [topic, this.#cluster.topic(topic)?.partitions.length ?? 0]),
    );
    const assignment = this.#options.assign(subscribed, counts);
    return new Map(
      subscribed.map(({memberId}) => {
        const {partitions = [], userData = NOTHING} = assignment.get(memberId) ?? {};
        return [memberId, encodeAssignment({partitions, userData})];
      }),
    );
  }

  /** Begins heartbeats; the signal aborts when the generation is over for this member. */
  #startHeartbeats(group: GroupMetadata): AbortSignal {
    const ended = new AbortController();
    const stop = new AbortController();
    this.#heartbeats = stop;
    void this.#beat(group, ended, stop.signal).catch(() => ended.abort());
    return ended.signal;
  }

  /** They go on after a rebalance has begun: finishing the transaction may take a while. */
  async #beat(group: GroupMetadata, ended: AbortController, stop: AbortSignal): Promise<void> {
    const {clock} = this.#cluster;
    const {sessionTimeoutMs} = this.#options;
    const interval = Math.min(MAX_HEARTBEAT_INTERVAL_MS, sessionTimeoutMs / 3);
    let aliveAt = clock.now();
    while (!stop.aborted) {
      await clock.sleep(interval, stop);
      if (stop.aborted) return;
      let error: number;
      try {
        const sentAt = clock.now();
        error = await this.#send(heartbeatRequest(group));
        if (error === errorCode.none || error === errorCode.rebalanceInProgress) aliveAt = sentAt;
      } catch (cause) {
        if (!(cause instanceof ConnectionLostError || cause instanceof BrokerError)) throw cause;
        error = errorCode.networkException;
      }
      if (stop.aborted) return;
      if (isCoordinatorMove(error)) this.#cluster.forgetCoordinator('group', group.groupId);
      if (error === errorCode.unknownMemberId) this.#memberId = '';
      if (error === errorCode.fencedInstanceId) this.#isFenced = true;
      const isOver =
        error === errorCode.rebalanceInProgress ||
        error === errorCode.illegalGeneration ||
        error === errorCode.unknownMemberId ||
        error === errorCode.fencedInstanceId ||
        clock.now() - aliveAt >= sessionTimeoutMs;
      if (isOver) ended.abort();
      if (error === errorCode.unknownMemberId || error === errorCode.fencedInstanceId) return;
    }
  }

  /** True for what a new JoinGroup mends. */
  #hasToRejoin(error: number): boolean {
    if (error === errorCode.unknownMemberId || error === errorCode.illegalGeneration) {
      this.#memberId = '';
      return true;
    }
    return error === errorCode.rebalanceInProgress;
  }

  #verify(error: number, doing: string): void {
    const {groupId} = this.#options;
    if (isCoordinatorMove(error)) this.#cluster.forgetCoordinator('group', groupId);
    if (error === errorCode.fencedInstanceId) throw this.#fenced();
    if (error === errorCode.inconsistentGroupProtocol) {
      throw new FatalError(
        'KAFKA_GROUP_MISMATCH',
        `Group ${groupId} has members that are not of millrace; choose another application.id, or stop them`,
      );
    }
    check(error, doing);
  }

  #fenced(): FatalError {
    const {groupId, instanceId} = this.#options;
    return new FatalError(
      'KAFKA_INSTANCE_FENCED',
      `Another process has joined group ${groupId} under group.instance.id ${instanceId}; give each instance an id of its own`,
    );
  }

  #send<T>(request: ApiRequest<T>): Promise<T> {
    return this.#cluster.sendToCoordinator(this.#lane, 'group', this.#options.groupId, request);
  }
}
