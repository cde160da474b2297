import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {assignBalanced} from '../../../src/streams/runtime/balanced-assignment.ts';

/** Few enough tasks and members that every assignment can be tried. */
const costsOf = (cost: fc.Arbitrary<number>) =>
  fc
    .integer({min: 1, max: 4})
    .chain((members) =>
      fc.array(fc.array(cost, {minLength: members, maxLength: members}), {maxLength: 5}),
    );
const finite = fc.integer({min: 0, max: 9});
const some = fc.oneof(
  {arbitrary: finite, weight: 3},
  {arbitrary: fc.constant(Infinity), weight: 1},
);

type Placed = readonly (number | undefined)[];

/** How uneven an assignment is, and what it costs: smaller is better, in this order. */
function worth(costs: readonly (readonly number[])[], placed: Placed): readonly number[] {
  const members = costs[0]?.length ?? 0;
  const loads = Array.from({length: members}, (_, i) => placed.filter((m) => m === i).length);
  return [
    placed.filter((member) => member === undefined).length,
    loads.reduce((sum, load) => sum + load * load, 0),
    placed.reduce<number>((sum, member, task) => {
      return member === undefined ? sum : sum + (costs[task]?.[member] ?? 0);
    }, 0),
  ];
}

function best(costs: readonly (readonly number[])[]): readonly number[] {
  let placements: Placed[] = [[]];
  for (const row of costs) {
    const allowed = row.flatMap((cost, member) => (cost === Infinity ? [] : [member]));
    const choices = allowed.length === 0 ? [undefined] : allowed;
    placements = placements.flatMap((placed) => choices.map((member) => [...placed, member]));
  }
  const worths = placements.map((placed) => worth(costs, placed));
  worths.sort((a, b) => {
    const i = a.findIndex((value, at) => value !== b[at]);
    return i < 0 ? 0 : (a[i] as number) - (b[i] as number);
  });
  return worths[0] as readonly number[];
}

describe('assignBalanced', () => {
  test.each([
    {what: 'finite costs', cost: finite},
    {what: 'forbidden members', cost: some},
  ])('finds the cheapest of the most even assignments: $what', ({cost}) => {
    fc.assert(
      fc.property(costsOf(cost), (costs) => {
        const placed = assignBalanced(costs, costs[0]?.length ?? 1);

        expect(placed).toHaveLength(costs.length);
        expect(worth(costs, placed)).toEqual(best(costs));
        expect(placed.every((m, task) => m === undefined || costs[task]?.[m] !== Infinity)).toBe(
          true,
        );
      }),
      {numRuns: 500},
    );
  });

  test('moves a task on where that is cheaper than the rest', () => {
    const costs = [
      [0, 1],
      [0, 9],
    ];

    expect(assignBalanced(costs, 2)).toEqual([1, 0]);
  });

  test('places nothing on nobody', () => {
    expect(assignBalanced([[], []], 0)).toEqual([undefined, undefined]);
  });
});
