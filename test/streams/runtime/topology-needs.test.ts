import {describe, expect, test} from 'vitest';
import {planTasks} from '../../../src/streams/runtime/task-plan.ts';
import type {TaskPlanOptions} from '../../../src/streams/runtime/task-plan.ts';
import {topologySubjects, topologyTopics} from '../../../src/streams/runtime/topology-needs.ts';
import {ordersTopology} from '../../../src/topology.ts';

const topology = ordersTopology({semantics: 'cdc', ordersDeletes: 'ignore'});
const one: TaskPlanOptions = {
  topology,
  applicationId: 'app',
  existing: new Map<string, number>(),
  numPartitions: 1,
  replicationFactor: 1,
  deadLetterTopic: undefined,
};
const four = {...one, numPartitions: 4};

function operations(options: TaskPlanOptions): Readonly<Record<string, string>> {
  return Object.fromEntries(
    topologyTopics(options).map(({spec, operations: some}) => [
      spec.name,
      some.toSorted().join(' '),
    ]),
  );
}

describe('topologyTopics', () => {
  test('has every topic that the plan makes, as it makes it', () => {
    for (const options of [one, four]) {
      const needed = topologyTopics(options);

      const {topics} = planTasks(options);
      expect(needed.filter(({isExact}) => isExact).map(({spec}) => spec)).toEqual(
        expect.arrayContaining([...topics]),
      );
      expect(needed.filter(({isExact}) => isExact)).toHaveLength(topics.length);
    }
  });

  test('says what is done with each', () => {
    const found = operations(four);

    expect(found['postgres.products.orders']).toBe('READ');
    expect(found['orders_enriched']).toBe('WRITE');
    expect(found['customers']).toBe('READ WRITE');
    const internal = Object.entries(found).filter(([name]) => name.startsWith('app-'));
    expect(internal.map(([, some]) => some)).toContain('DELETE READ WRITE');
  });

  test('leaves out topics that records are handed past', () => {
    const between = Object.keys(operations(four)).filter((name) => !(name in operations(one)));

    expect(between.length).toBeGreaterThan(0);
    for (const name of between) expect(name).toMatch(/^app-/);
  });

  test('takes topics of others as they are', () => {
    const existing = new Map([['postgres.products.orders', 4]]);
    const needed = topologyTopics({...four, existing});

    expect(needed.find(({spec}) => spec.name === 'postgres.products.orders')).toMatchObject({
      spec: {partitions: 4},
      isExact: false,
      isCreated: false,
    });
  });

  test('has the dead letter topic, where there is one', () => {
    const needed = topologyTopics({...one, deadLetterTopic: 'letters'});

    expect(needed.at(-1)).toMatchObject({spec: {name: 'letters'}, operations: ['WRITE']});
  });
});

describe('topologySubjects', () => {
  test('has each schema that is registered before the first record', async () => {
    const subjects = await topologySubjects(one);

    const names = subjects.map(({subject}) => subject);
    expect(names).toContain('orders_enriched-value');
    expect(names).toContain('customers-key');
    expect(names).not.toContain('postgres.products.orders-value');
    expect(new Set(names).size).toBe(names.length);
    expect(JSON.parse(subjects[0]?.schema ?? '')).toHaveProperty('type');
    expect((await topologySubjects(four)).length).toBeGreaterThan(subjects.length);
  });
});
