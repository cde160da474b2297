import {murmur2} from '../../kafka/partitioner.ts';
import {assignBalanced} from './balanced-assignment.ts';
import type {TaskClaims} from './task-claims.ts';

/** A member, as tasks are placed on it. */
export interface PlacedMember {
  /** The same after a restart, where the member has a `group.instance.id`. */
  readonly name: string;
  readonly claims: TaskClaims;
}

/** `acceptable.recovery.lag`: changelog records that a member may have to restore and still counts as caught up. */
const ACCEPTABLE_RECOVERY_LAG = 10_000;
/** How finely lags are told apart. */
const LAG_STEPS = 4;

/**
 * The member of each task, as its index: numbers of tasks differ by one at most, and within that
 *
 * 1. members that are not caught up get as little to restore as possible;
 * 2. as few as possible leave the member that had them;
 * 3. those that do go where least has to be restored;
 * 4. everything else is by rendezvous hashing.
 */
export function placeTasks(
  tasks: readonly string[],
  members: readonly PlacedMember[],
): readonly number[] {
  const placed = assignBalanced(
    tasks.map((task) => {
      const owner = ownerOf(task, members);
      const had = members.map((_, i) => i === owner);
      return taskCosts(task, members, tasks.length, had);
    }),
    members.length,
  );
  return placed.map((member) => member ?? 0);
}

/**
 * The members that keep each task warm, as their indexes: up to `replicas`, none of them the one that has it, evenly
 * spread. They stay where they were, and else go where least is to be read.
 */
export function placeStandbys(
  tasks: readonly string[],
  members: readonly PlacedMember[],
  active: readonly number[],
  replicas: number,
): readonly (readonly number[])[] {
  const taken = active.map((member) => [member]);
  for (let replica = 0; replica < Math.min(replicas, members.length - 1); replica++) {
    const costs = tasks.map((task, i) => {
      const kept = members.map(({claims}) => claims.standby.includes(task));
      return taskCosts(task, members, tasks.length, kept).map((cost, member) =>
        taken[i]?.includes(member) === true ? Infinity : cost,
      );
    });
    for (const [i, member] of assignBalanced(costs, members.length).entries()) {
      if (member !== undefined) taken[i]?.push(member);
    }
  }
  return taken.map((of) => of.slice(1));
}

/** What it costs to place the task on each member, of which some `had` it. One unit of each rule outweighs all of the next one's, for all tasks. */
function taskCosts(
  task: string,
  members: readonly PlacedMember[],
  tasks: number,
  had: readonly boolean[],
): readonly number[] {
  const lagStep = members.length * tasks + 1;
  const move = lagStep * (LAG_STEPS * tasks + 1);
  const restore = move * (tasks + 1);
  const newest = Math.max(0, ...members.map(({claims}) => claims.offsets.get(task) ?? 0));
  const ranks = ranked(task, members);
  return members.map(({claims}, i) => {
    const lag = newest - (claims.offsets.get(task) ?? 0);
    const steps = newest === 0 ? 0 : Math.ceil((lag / newest) * LAG_STEPS);
    const isCaughtUp = lag <= ACCEPTABLE_RECOVERY_LAG;
    return (
      (isCaughtUp ? 0 : restore * steps) +
      (had[i] === true ? 0 : move) +
      (isCaughtUp ? lagStep * steps : 0) +
      (ranks.get(i) ?? 0)
    );
  });
}

/** The member that had the task in the latest generation that anybody tells of. */
function ownerOf(task: string, members: readonly PlacedMember[]): number | undefined {
  let owner: number | undefined;
  for (const [i, {claims}] of members.entries()) {
    if (!claims.active.includes(task)) continue;
    const best = owner === undefined ? -1 : (members[owner]?.claims.generationId ?? -1);
    if (owner === undefined || claims.generationId > best) owner = i;
  }
  return owner;
}

/** The place of each member in the order of its hash with the task, the highest first (rendezvous hashing). */
function ranked(task: string, members: readonly PlacedMember[]): ReadonlyMap<number, number> {
  const hashes = members.map(({name}) => murmur2(Buffer.from(`${name} ${task}`)) >>> 0);
  const order = members.map((_, i) => i);
  order.sort((a, b) => (hashes[b] as number) - (hashes[a] as number) || a - b);
  return new Map(order.map((member, rank) => [member, rank]));
}
