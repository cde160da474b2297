import type {Clock} from '../../common/clock.ts';
import {TaskError} from '../../common/errors.ts';
import type {
  GroupGeneration,
  GroupMemberDescription,
  GroupMetadata,
  GroupOptions,
  MemberAssignment,
} from '../client.ts';
import {topicMissing} from './topic-table.ts';
import type {TopicTable} from './topic-table.ts';

/** How long a rebalance waits for members that are alive but do not join again (`max.poll.interval.ms`). */
const REBALANCE_TIMEOUT_MS = 300_000;

const NOTHING = Buffer.alloc(0);

interface Join {
  readonly resolve: (generation: GroupGeneration) => void;
  readonly reject: (error: unknown) => void;
}

interface Member {
  readonly id: string;
  readonly options: GroupOptions;
  lastSeen: number;
  join: Join | undefined;
  /** What it told of itself when it joined. */
  readonly userData: Buffer;
  assignment: MemberAssignment;
  /** Ends the member's part in the generation. */
  ended: AbortController;
}

interface Group {
  readonly id: string;
  generationId: number;
  /** When the rebalance under way gives up on members that stay away; undefined while stable. */
  rebalanceDeadline: number | undefined;
  readonly members: Map<string, Member>;
}

/**
 * Consumer groups by Kafka's classic protocol: whoever joins or leaves ends the generation, and the next one begins when
 * every member has joined again. Membership lives in memory: no member outlives the process.
 */
export class GroupCoordinator {
  readonly #clock: Clock;
  readonly #topics: TopicTable;
  readonly #randomId: () => string;
  readonly #groups = new Map<string, Group>();

  constructor(clock: Clock, topics: TopicTable, randomId: () => string) {
    this.#clock = clock;
    this.#topics = topics;
    this.#randomId = randomId;
  }

  /**
   * Joins, under the id of the generation before if there was one, and resolves with the new generation. A static member
   * that the group knows takes its own place again, without a rebalance while the group is stable.
   */
  join(
    options: GroupOptions,
    memberId: string | undefined,
    onMember: (memberId: string) => void,
  ): Promise<GroupGeneration> {
    const group = this.#group(options.groupId);
    const known = memberId === undefined ? undefined : group.members.get(memberId);
    const place = known ?? this.#staticMember(group, options);
    const member: Member = {
      id: known?.id ?? `${options.instanceId ?? 'member'}-${this.#randomId()}`,
      options,
      userData: options.userData?.() ?? NOTHING,
      lastSeen: this.#clock.now(),
      join: undefined,
      assignment: place?.assignment ?? {partitions: []},
      ended: place?.ended ?? new AbortController(),
    };
    onMember(member.id);
    if (place !== undefined) group.members.delete(place.id);
    group.members.set(member.id, member);
    if (known === undefined && place !== undefined) {
      place.join?.reject(fencedInstance(options));
      place.ended.abort();
      if (group.rebalanceDeadline === undefined) {
        member.ended = new AbortController();
        return Promise.resolve(generationOf(group, member));
      }
    }
    return new Promise((resolve, reject) => {
      member.join = {resolve, reject};
      this.#rebalance(group);
    });
  }

  /** False when the group does not know the member any more. */
  heartbeat(groupId: string, memberId: string): boolean {
    const member = this.#groups.get(groupId)?.members.get(memberId);
    if (member === undefined) return false;
    member.lastSeen = this.#clock.now();
    return true;
  }

  leave(groupId: string, memberId: string): void {
    const group = this.#groups.get(groupId);
    const member = group?.members.get(memberId);
    if (group === undefined || member === undefined) return;
    this.#remove(group, member);
    this.#rebalance(group);
  }

  members(groupId: string): readonly GroupMemberDescription[] {
    const members = this.#groups.get(groupId)?.members.values() ?? [];
    return Array.from(members, ({id, options}) => ({
      memberId: id,
      instanceId: options.instanceId,
      host: undefined,
    }));
  }

  /** @throws TaskError KAFKA_ILLEGAL_GENERATION when this is not a member of the current generation. */
  assertCurrent({groupId, generationId, memberId}: GroupMetadata): void {
    if (generationId === -1 && memberId === '') return;
    const group = this.#groups.get(groupId);
    if (group?.members.has(memberId) === true && group.generationId === generationId) return;
    throw new TaskError(
      'KAFKA_ILLEGAL_GENERATION',
      `${memberId} commits offsets of generation ${generationId} to group ${groupId}, which is at ${group?.generationId ?? 'none'} or has removed it: abort the transaction and join again`,
    );
  }

  /** Removes members whose heartbeats have stopped, and those that a rebalance has waited for long enough. */
  expire(): void {
    const now = this.#clock.now();
    for (const group of this.#groups.values()) {
      const late = group.rebalanceDeadline !== undefined && now >= group.rebalanceDeadline;
      let removed = false;
      for (const member of group.members.values()) {
        const silent = now - member.lastSeen >= member.options.sessionTimeoutMs;
        if (!silent && !(late && member.join === undefined)) continue;
        this.#remove(group, member);
        removed = true;
      }
      if (removed) this.#rebalance(group);
    }
  }

  #group(id: string): Group {
    let group = this.#groups.get(id);
    if (group === undefined) {
      group = {id, generationId: 0, rebalanceDeadline: undefined, members: new Map()};
      this.#groups.set(id, group);
    }
    return group;
  }

  #staticMember(group: Group, {instanceId}: GroupOptions): Member | undefined {
    if (instanceId === undefined) return undefined;
    for (const member of group.members.values()) {
      if (member.options.instanceId === instanceId) return member;
    }
    return undefined;
  }

  #remove(group: Group, member: Member): void {
    group.members.delete(member.id);
    member.ended.abort();
    member.join?.reject(
      new TaskError(
        'KAFKA_ILLEGAL_GENERATION',
        `${member.id} is no longer a member of group ${group.id}: join again`,
      ),
    );
  }

  /** Ends the generation, and begins the next one if every member is there. */
  #rebalance(group: Group): void {
    group.rebalanceDeadline ??= this.#clock.now() + REBALANCE_TIMEOUT_MS;
    const members = [...group.members.values()];
    for (const member of members) member.ended.abort();
    if (members.some(({join}) => join === undefined)) return;
    group.generationId++;
    const leader = members[0];
    if (leader === undefined) {
      group.rebalanceDeadline = undefined;
      return;
    }
    try {
      const joined = members
        .map(({id, options, userData}) => ({
          memberId: id,
          instanceId: options.instanceId,
          userData,
        }))
        .toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
      const assignment = leader.options.assign(joined, this.#partitionCounts(members));
      for (const member of members) {
        member.assignment = assignment.get(member.id) ?? {partitions: []};
      }
    } catch (error) {
      for (const member of members) {
        member.join?.reject(error);
        member.join = undefined;
      }
      // Nobody has got anything: the rebalance goes on until an assignment succeeds.
      group.rebalanceDeadline = this.#clock.now() + REBALANCE_TIMEOUT_MS;
      return;
    }
    group.rebalanceDeadline = undefined;
    for (const member of members) {
      member.ended = new AbortController();
      member.join?.resolve(generationOf(group, member));
      member.join = undefined;
    }
  }

  #partitionCounts(members: readonly Member[]): Map<string, number> {
    const counts = new Map<string, number>();
    for (const {options} of members) {
      for (const name of options.topics) {
        const topic = this.#topics.topic(name);
        if (topic === undefined) throw topicMissing(name);
        counts.set(name, topic.partitions);
      }
    }
    return counts;
  }
}

function generationOf(group: Group, member: Member): GroupGeneration {
  return {
    groupId: group.id,
    generationId: group.generationId,
    memberId: member.id,
    assignment: member.assignment.partitions,
    userData: member.assignment.userData ?? NOTHING,
    ended: member.ended.signal,
  };
}

function fencedInstance({instanceId, groupId}: GroupOptions): TaskError {
  return new TaskError(
    'KAFKA_ILLEGAL_GENERATION',
    `Another process has joined group ${groupId} as ${instanceId}: give each instance its own group.instance.id`,
  );
}
