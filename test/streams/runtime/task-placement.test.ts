import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {NO_CLAIMS} from '../../../src/streams/runtime/task-claims.ts';
import {placeStandbys, placeTasks} from '../../../src/streams/runtime/task-placement.ts';
import type {PlacedMember} from '../../../src/streams/runtime/task-placement.ts';

const taskIds = (count: number): readonly string[] =>
  Array.from({length: count}, (_, partition) => `0_${partition}`);

/** A member that had tasks, whose state it holds up to the offset given of each. */
function member(
  name: string,
  active: readonly string[] = [],
  offsets: Readonly<Record<string, number>> = {},
  generationId = 1,
): PlacedMember {
  return {
    name,
    claims: {generationId, active, standby: [], offsets: new Map(Object.entries(offsets))},
  };
}

const stranger = (name: string): PlacedMember => ({name, claims: NO_CLAIMS});

/** The tasks of each member by name. */
function place(tasks: readonly string[], members: readonly PlacedMember[]) {
  const placed = placeTasks(tasks, members);
  return new Map(members.map(({name}, i) => [name, tasks.filter((_, task) => placed[task] === i)]));
}

/** The members as they join again, each with the state of what it was given. */
function after(
  tasks: readonly string[],
  members: readonly PlacedMember[],
): readonly PlacedMember[] {
  return [...place(tasks, members)].map(([name, active]) =>
    member(name, active, Object.fromEntries(active.map((task) => [task, 1_000_000]))),
  );
}

const namesOf = fc.uniqueArray(fc.uuid(), {minLength: 1, maxLength: 6});
/** What anybody could tell, stale and contradictory included. */
const claimsOf = (tasks: readonly string[]) =>
  fc.record({
    generationId: fc.integer({min: -1, max: 3}),
    active: fc.subarray([...tasks]),
    standby: fc.subarray([...tasks]),
    offsets: fc
      .array(fc.tuple(fc.constantFrom(...tasks), fc.integer({min: 0, max: 100_000})))
      .map((entries) => new Map(entries)),
  });
const fleetOf = fc.tuple(fc.integer({min: 1, max: 20}), namesOf).chain(([count, names]) =>
  fc.tuple(...names.map(() => fc.option(claimsOf(taskIds(count))))).map((claims) => ({
    tasks: taskIds(count),
    members: names.map((name, i) => ({name, claims: claims[i] ?? NO_CLAIMS})),
  })),
);

describe('placeTasks', () => {
  test('gives each task to one member, and members counts that differ by one at most', () => {
    fc.assert(
      fc.property(fleetOf, ({tasks, members}) => {
        const placed = placeTasks(tasks, members);

        const counts = members.map((_, i) => placed.filter((owner) => owner === i).length);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(tasks.length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('changes nothing when the same members join again', () => {
    fc.assert(
      fc.property(fleetOf, ({tasks, members}) => {
        const again = after(tasks, members);

        expect(place(tasks, again)).toEqual(place(tasks, members));
      }),
    );
  });

  test('leaves tasks without stores where they are, too', () => {
    fc.assert(
      fc.property(fleetOf, ({tasks, members}) => {
        const had = place(tasks, members);
        // Renamed, so that no hash leads back.
        const renamed = [...had.values()].map((active, i) => member(`renamed ${i}`, active));

        expect([...place(tasks, renamed).values()]).toEqual([...had.values()]);
      }),
    );
  });

  test('moves to a member that comes only its share', () => {
    fc.assert(
      fc.property(fleetOf, fc.uuid(), ({tasks, members}, name) => {
        const before = place(tasks, members);
        const now = place(tasks, [...after(tasks, members), stranger(name)]);

        const given = now.get(name) ?? [];
        const moved = [...now].flatMap(([of, its]) =>
          of === name ? [] : its.filter((task) => before.get(of)?.includes(task) !== true),
        );
        expect(moved).toEqual([]);
        expect(given).toHaveLength(Math.floor(tasks.length / now.size));
      }),
    );
  });

  test('moves only the tasks of a member that goes', () => {
    fc.assert(
      fc.property(fleetOf, ({tasks, members}) => {
        fc.pre(members.length > 1);
        const [gone, ...rest] = after(tasks, members);
        const now = place(tasks, rest);

        for (const {name, claims} of rest) {
          expect(now.get(name)).toEqual(expect.arrayContaining([...claims.active]));
        }
        expect([...now.values()].flat()).toEqual(
          expect.arrayContaining([...(gone?.claims.active ?? [])]),
        );
      }),
    );
  });

  test('prefers a member that is caught up to the one that had the task and is not', () => {
    const far = {'0_0': 20_001};
    const members = [member('had', ['0_0'], {'0_0': 10_000}, 9), member('has', [], far)];

    expect(placeTasks(['0_0'], members)).toEqual([1]);
  });

  test('leaves a task with the one that had it where it lags by an acceptable 10,000', () => {
    const members = [
      member('had', ['0_0'], {'0_0': 10_001}, 9),
      member('has', [], {'0_0': 20_001}),
    ];

    expect(placeTasks(['0_0'], members)).toEqual([0]);
  });

  test('gives a task to the one that lags least where the one that had it has gone', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const warm of names) {
      const members = names.map((name) => member(name, [], {'0_0': name === warm ? 50 : 0}));

      expect(place(['0_0'], members).get(warm)).toEqual(['0_0']);
    }
  });

  test('moves a task on to a warm member where another one would have to restore much', () => {
    const far = 1_000_000;
    const members = [
      member('b', ['0_2'], {'0_0': far, '0_1': far, '0_2': far}),
      member('c', ['0_3'], {'0_2': far, '0_3': far}),
    ];

    expect(placeTasks(taskIds(4), members)).toEqual([0, 0, 1, 1]);
  });

  test('believes the later of two that had a task', () => {
    const offsets = {'0_0': 5};
    const members = [member('zombie', ['0_0'], offsets, 3), member('heir', ['0_0'], offsets, 4)];

    expect(placeTasks(['0_0'], members)).toEqual([1]);
    expect(placeTasks(['0_0'], members.toReversed())).toEqual([0]);
  });

  test('balances by moving a task for which another member is caught up', () => {
    const tasks = taskIds(4);
    const all = Object.fromEntries(tasks.map((task) => [task, 500_000]));
    const members = [member('a', tasks, all), member('b', [], {'0_1': 499_000, '0_2': 499_999})];

    expect(place(tasks, members).get('b')).toEqual(['0_1', '0_2']);
  });

  test('spreads the tasks of strangers by hash: a member of many takes few from the others', () => {
    const tasks = taskIds(120);
    const names = Array.from({length: 6}, (_, i) => `member-${i}`);
    const before = place(tasks, names.slice(1).map(stranger));
    const now = place(tasks, names.map(stranger));

    const stayed = names
      .slice(1)
      .flatMap((name) => (now.get(name) ?? []).filter((task) => before.get(name)?.includes(task)));
    expect(stayed.length).toBeGreaterThan(60);
  });
});

describe('placeStandbys', () => {
  test('keeps each task warm on others than the one that has it, as many as there are and are wanted', () => {
    fc.assert(
      fc.property(fleetOf, fc.integer({min: 0, max: 3}), ({tasks, members}, replicas) => {
        const active = placeTasks(tasks, members);

        const standbys = placeStandbys(tasks, members, active, replicas);

        expect(standbys).toHaveLength(tasks.length);
        for (const [i, of] of standbys.entries()) {
          expect(of).toHaveLength(Math.min(replicas, members.length - 1));
          expect(new Set([active[i], ...of]).size).toBe(of.length + 1);
        }
      }),
    );
  });

  test('spreads them evenly', () => {
    const tasks = taskIds(12);
    const members = ['a', 'b', 'c', 'd'].map(stranger);

    const standbys = placeStandbys(tasks, members, placeTasks(tasks, members), 1).flat();

    expect(members.map((_, i) => standbys.filter((of) => of === i).length)).toEqual([3, 3, 3, 3]);
  });

  test('leaves them where they were, though others have as much', () => {
    fc.assert(
      fc.property(fleetOf, ({tasks, members}) => {
        const active = placeTasks(tasks, members);
        const before = placeStandbys(tasks, members, active, 1);
        const offsets = new Map(tasks.map((task) => [task, 70]));
        const again = members.map((_, i) => ({
          name: `renamed ${i}`,
          claims: {
            generationId: 4,
            active: tasks.filter((_task, at) => active[at] === i),
            standby: tasks.filter((_task, at) => before[at]?.includes(i)),
            offsets,
          },
        }));

        expect(placeStandbys(tasks, again, placeTasks(tasks, again), 1)).toEqual(before);
      }),
    );
  });

  test('goes where state is left rather than where there is none', () => {
    for (const warm of [1, 2, 3]) {
      const members = ['a', 'b', 'c', 'd'].map((name, i) =>
        member(name, i === 0 ? ['0_0'] : [], i === 0 || i === warm ? {'0_0': 50} : {}),
      );

      expect(placeStandbys(['0_0'], members, [0], 1)).toEqual([[warm]]);
    }
  });
});
