/**
 * Gives each task to one of `members` members: as evenly as the costs allow, and of all such ways the cheapest.
 *
 * `costs[task][member]` is a whole number, or Infinity where the member must not have the task. The answer is a member
 * for each task; undefined where nobody may have it. Without infinite costs the members' counts differ by one at most.
 *
 * Tasks come one by one, each on the cheapest path on which others make room for it (successive shortest paths), so
 * that the tasks so far are always placed at the least cost.
 */
export function assignBalanced(
  costs: readonly (readonly number[])[],
  members: number,
): readonly (number | undefined)[] {
  const owner = costs.map((): number | undefined => undefined);
  const load = Array.from({length: members}, () => 0);
  for (const [task, cost] of costs.entries()) {
    const moves = cheapestMoves(costs, owner, members);
    const {distance, previous} = shortestPaths(cost, moves);
    let end: number | undefined;
    for (let member = 0; member < members; member++) {
      if (distance[member] === Infinity) continue;
      if (end === undefined || isBetter(member, end)) end = member;
    }
    if (end === undefined) continue;
    load[end] = at(load, end) + 1;
    let member = end;
    for (let from = previous[member]; from !== undefined; from = previous[member]) {
      owner[at(at(moves, from), member).task] = member;
      member = from;
    }
    owner[task] = member;

    function isBetter(one: number, other: number): boolean {
      const less = at(load, one) - at(load, other);
      return less < 0 || (less === 0 && at(distance, one) < at(distance, other));
    }
  }
  return owner;
}

/** The task that costs least to move from one member to another, and what it costs. */
interface Move {
  readonly task: number;
  readonly cost: number;
}

/** By the member that gives a task and the one that gets it. */
function cheapestMoves(
  costs: readonly (readonly number[])[],
  owner: readonly (number | undefined)[],
  members: number,
): readonly (readonly Move[])[] {
  const moves = Array.from({length: members}, () =>
    Array.from({length: members}, (): Move => ({task: -1, cost: Infinity})),
  );
  for (const [task, from] of owner.entries()) {
    if (from === undefined) continue;
    const row = at(costs, task);
    const ofOwner = at(moves, from);
    for (let to = 0; to < members; to++) {
      const cost = at(row, to) - at(row, from);
      if (to !== from && cost < at(ofOwner, to).cost) ofOwner[to] = {task, cost};
    }
  }
  return moves;
}

/** Bellman and Ford: what it costs that the newcomer's place is made good by one more task at each member. */
function shortestPaths(
  cost: readonly number[],
  moves: readonly (readonly Move[])[],
): {readonly distance: readonly number[]; readonly previous: readonly (number | undefined)[]} {
  const distance = [...cost];
  const previous = distance.map((): number | undefined => undefined);
  let isChanged = true;
  for (let round = 0; isChanged && round < distance.length; round++) {
    isChanged = false;
    for (const [from, row] of moves.entries()) {
      for (const [to, move] of row.entries()) {
        const length = at(distance, from) + move.cost;
        if (length >= at(distance, to)) continue;
        distance[to] = length;
        previous[to] = from;
        isChanged = true;
      }
    }
  }
  return {distance, previous};
}

function at<T>(items: readonly T[], i: number): T {
  return items[i] as T;
}
