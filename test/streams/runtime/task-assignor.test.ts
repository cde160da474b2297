import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {taskAssignor} from '../../../src/streams/runtime/task-assignor.ts';
import {decodeAssignmentInfo} from '../../../src/streams/runtime/assignment-info.ts';
import {encodeTaskClaims} from '../../../src/streams/runtime/task-claims.ts';

/** Groups of topics that are read together, with their partition counts. */
const groupsOf = fc.array(
  fc.record({topics: fc.integer({min: 1, max: 3}), partitions: fc.integer({min: 1, max: 12})}),
  {minLength: 1, maxLength: 6},
);
const membersOf = fc.uniqueArray(fc.uuid(), {minLength: 1, maxLength: 6});

interface Topics {
  readonly groups: readonly (readonly string[])[];
  readonly partitions: ReadonlyMap<string, number>;
}

function named(groups: readonly {readonly topics: number; readonly partitions: number}[]): Topics {
  const names = groups.map(({topics}, g) => Array.from({length: topics}, (_, t) => `g${g}-t${t}`));
  return {
    groups: names,
    partitions: new Map(
      names.flatMap((topics, g) => topics.map((name) => [name, groups[g]?.partitions ?? 0])),
    ),
  };
}

/** Each member's tasks, as texts `group_partition`; a member that has only some of a task's topics fails. */
function tasksOf(members: readonly string[], {groups, partitions}: Topics) {
  const joined = members.map((memberId) => ({memberId, userData: Buffer.alloc(0)}));
  const assignment = taskAssignor(
    groups.map((topics, id) => ({id, topics, hasStores: true})),
    0,
  )(joined, partitions);
  return new Map(
    members.map((member) => {
      const given = assignment.get(member)?.partitions ?? [];
      const tasks = new Map<string, string[]>();
      for (const {topic, partition} of given) {
        const task = `${groups.findIndex((topics) => topics.includes(topic))}_${partition}`;
        tasks.set(task, [...(tasks.get(task) ?? []), topic]);
      }
      for (const [task, topics] of tasks) {
        expect(topics.toSorted()).toEqual(groups[Number.parseInt(task, 10)]?.toSorted());
      }
      return [member, [...tasks.keys()]] as const;
    }),
  );
}

const group = {id: 0, topics: ['t'], hasStores: true};

describe('taskAssignor', () => {
  test('gives every partition of all topics of a group to exactly one member', () => {
    fc.assert(
      fc.property(groupsOf, membersOf, (groups, members) => {
        const topics = named(groups);
        const all = groups.flatMap(({partitions}, g) =>
          Array.from({length: partitions}, (_, p) => `${g}_${p}`),
        );

        const given = [...tasksOf(members, topics).values()].flat();

        expect(given.toSorted()).toEqual(all.toSorted());
      }),
    );
  });

  test('gives members numbers of tasks that differ by one at most', () => {
    fc.assert(
      fc.property(groupsOf, membersOf, (groups, members) => {
        const counts = [...tasksOf(members, named(groups)).values()].map(({length}) => length);

        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('does not depend on the order of the members', () => {
    const topics = named([{topics: 1, partitions: 9}]);

    expect(tasksOf(['b', 'c', 'a'], topics)).toEqual(tasksOf(['a', 'b', 'c'], topics));
  });

  test('leaves a member without tasks where there are more members than tasks', () => {
    const tasks = tasksOf(['a', 'b', 'c'], named([{topics: 2, partitions: 2}]));

    expect([...tasks.values()].map(String).toSorted()).toEqual(['', '0_0', '0_1']);
  });

  test('leaves tasks with the members that tell that they had them', () => {
    const groups = [{id: 7, topics: ['t'], hasStores: true}];
    const joined = ['a', 'b', 'c'].map((memberId, i) => ({
      memberId,
      userData: encodeTaskClaims({
        generationId: 1,
        active: [`7_${i}`],
        standby: [],
        offsets: new Map([[`7_${i}`, 5]]),
      }),
    }));

    const assignment = taskAssignor(groups, 0)(joined, new Map([['t', 3]]));

    expect([...assignment].map(([id, {partitions}]) => [id, partitions])).toEqual(
      ['a', 'b', 'c'].map((id, partition) => [id, [{topic: 't', partition}]]),
    );
  });

  test('ranks static members by their instance ids, which outlive a restart', () => {
    const instances = ['a', 'b', 'c'];
    const partitionsOf = (restart: number) => {
      const joined = instances.map((instanceId, i) => ({
        memberId: `${(i + restart) % 3}`,
        instanceId,
        userData: Buffer.alloc(0),
      }));
      const assignment = taskAssignor([group], 0)(joined, new Map([['t', 7]]));
      return joined.map(({memberId}) => assignment.get(memberId));
    };

    expect(partitionsOf(1)).toEqual(partitionsOf(0));
  });

  test('names to other members the tasks with stores that they keep warm', () => {
    const joined = ['a', 'b', 'c'].map((memberId) => ({memberId, userData: Buffer.alloc(0)}));
    const counts = new Map([
      ['t', 6],
      ['u', 3],
    ]);
    const stateless = {id: 1, topics: ['u'], hasStores: false};

    const assignment = taskAssignor([group, stateless], 1)(joined, counts);

    const standbys = joined.map(({memberId}) => {
      const {partitions = [], userData} = assignment.get(memberId) ?? {};
      const own = partitions.map(({topic, partition}) => `${topic === 't' ? 0 : 1}_${partition}`);
      const warm = decodeAssignmentInfo(userData ?? Buffer.alloc(0)).standbys;
      expect(warm.filter((task) => own.includes(task))).toEqual([]);
      return warm;
    });
    expect(standbys.flat().toSorted()).toEqual(['0_0', '0_1', '0_2', '0_3', '0_4', '0_5']);
    expect(standbys.map(({length}) => length)).toEqual([2, 2, 2]);
  });

  test('tells nothing where no standbys are wanted, or there is nobody for them', () => {
    const one = {memberId: 'a', userData: Buffer.alloc(0)};
    const two = [one, {memberId: 'b', userData: Buffer.alloc(0)}];
    const counts = new Map([['t', 3]]);

    expect(taskAssignor([group], 5)([one], counts).get('a')?.userData).toBeUndefined();
    const told = [...taskAssignor([group], 0)(two, counts).values()];
    expect(told.map(({userData}) => userData)).toEqual([undefined, undefined]);
  });

  test('assigns nothing to nobody', () => {
    expect(taskAssignor([group], 1)([], new Map([['t', 3]]))).toEqual(new Map());
  });
});
