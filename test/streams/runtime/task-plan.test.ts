import {describe, expect, test} from 'vitest';
import {FatalError} from '../../../src/common/errors.ts';
import {planTasks} from '../../../src/streams/runtime/task-plan.ts';
import type {TaskPlan, TaskPlanOptions} from '../../../src/streams/runtime/task-plan.ts';
import {ordersTopology} from '../../../src/topology.ts';
import * as topics from '../../../src/topics.ts';

const topology = ordersTopology({semantics: 'cdc', ordersDeletes: 'ignore'});
const sources = [
  topics.customersCdc,
  topics.demographicsCdc,
  topics.productsCdc,
  topics.ordersCdc,
].map(({name}) => name);

function plan(options: Partial<TaskPlanOptions> = {}): TaskPlan {
  return planTasks({
    topology,
    applicationId: 'app',
    existing: new Map(),
    numPartitions: 1,
    replicationFactor: 1,
    deadLetterTopic: undefined,
    ...options,
  });
}

const kinds = ({groups}: TaskPlan) =>
  groups
    .flatMap(({nodes}) => nodes)
    .flatMap((node) => (node.kind === 'operator' ? [node.operator.kind] : []));

const existing = (partitions: number) => new Map(sources.map((name) => [name, partitions]));
const namesOf = ({topics: specs}: TaskPlan) => specs.map(({name}) => name);

describe('planTasks', () => {
  describe('where every topic has one partition', () => {
    test('makes one task of everything, which reads only what others write', () => {
      const {handsOn, groups} = plan();

      expect(handsOn).toBe(true);
      expect(groups).toHaveLength(1);
      const [group] = groups;
      expect(group).toMatchObject({id: 0, partitions: 1});
      expect(group?.nodes).toBe(topology.nodes);
      expect(group?.stores.map(({name}) => name)).toEqual(
        topology.stores.map(({name}) => name).filter((name) => name !== 'orders-in-source-order'),
      );
      expect(group?.sources.map(({topic}) => topic.name)).toEqual(sources);
    });

    test('creates published topics, and not the internal ones that are only handed on', () => {
      expect(namesOf(plan()).toSorted()).toEqual(
        [
          ...sources,
          'app-orders-waiting-for-customer-changelog',
          'app-orders-waiting-for-product-changelog',
          'customers',
          'customers_enriched',
          'customers_flattened',
          'demographics',
          'demographics_flattened',
          'orders_enriched',
          'orders_rekeyed',
          'products',
          'products_rekeyed',
        ].toSorted(),
      );
    });

    test('hands on though the topic at the end has more partitions', () => {
      const {handsOn, partitions} = plan({existing: new Map([['orders_enriched', 4]])});

      expect(handsOn).toBe(true);
      expect(partitions.get('orders_enriched')).toBe(4);
    });
  });

  describe('with more partitions', () => {
    test('makes a group of each sub-topology, with the sources and stores of its own', () => {
      const {handsOn, groups} = plan({numPartitions: 3});

      expect(handsOn).toBe(false);
      expect(groups.map(({id, partitions}) => [id, partitions])).toEqual(
        topology.subTopologies.map(({id}) => [id, 3]),
      );
      expect(groups.flatMap(({sources: read}) => read)).toHaveLength(topology.sources().length);
      expect(groups.flatMap(({stores}) => stores)).toHaveLength(topology.stores.length);
      const withProducts = groups.find(({stores}) => stores.some(({name}) => name === 'products'));
      expect(withProducts?.sources.map(({topic}) => topic.name)).toEqual([
        'products_rekeyed',
        'orders-by-product',
      ]);
    });

    test('leaves out the operators that would have to see all partitions', () => {
      expect(kinds(plan({numPartitions: 3}))).not.toContain('supersedeWaiting');
      expect(kinds(plan())).toContain('supersedeWaiting');
    });

    test('keeps repartition topics until they are read, and compacts changelogs', () => {
      const {topics: specs} = plan({numPartitions: 3, replicationFactor: 2});
      const spec = (name: string) => specs.find((candidate) => candidate.name === name);
      const same = {partitions: 3, replicationFactor: 2};

      expect(spec('app-orders-by-product')).toEqual({
        name: 'app-orders-by-product',
        cleanupPolicy: 'delete',
        retentionMs: -1,
        ...same,
      });
      expect(spec('orders_rekeyed')).toEqual({
        name: 'orders_rekeyed',
        cleanupPolicy: 'delete',
        ...same,
      });
      for (const name of ['products', 'app-orders-waiting-for-product-changelog']) {
        expect(spec(name)).toEqual({name, cleanupPolicy: 'compact', ...same});
      }
    });

    test('follows the partition counts of the topics that exist', () => {
      const {groups, partitions} = plan({
        existing: new Map([...existing(4), ['orders_rekeyed', 2]]),
      });

      expect(groups.map(({partitions: count}) => count)).toEqual(
        topology.subTopologies.map(({nodes}) => {
          const read = nodes.flatMap((node) => (node.kind === 'source' ? [node.topic.name] : []));
          if (read.includes('orders_rekeyed')) return 2;
          return read.some((name) => sources.includes(name)) ? 4 : 1;
        }),
      );
      expect(partitions.get('postgres.products.orders')).toBe(4);
    });
  });

  test("trap 20: leaves topics of others that exist as they are, and checks the application's own", () => {
    const all = new Map(namesOf(plan()).map((name) => [name, 1]));

    expect(namesOf(plan({existing: all})).toSorted()).toEqual([
      'app-orders-waiting-for-customer-changelog',
      'app-orders-waiting-for-product-changelog',
      'customers',
      'customers_enriched',
      'demographics',
      'products',
    ]);
  });

  test('trap 20: refuses topics that are read together and have different partition counts', () => {
    const counts = new Map([
      ['products_rekeyed', 3],
      ['app-orders-by-product', 2],
    ]);

    expect(() => plan({existing: counts})).toThrow(FatalError);
    expect(() => plan({existing: counts})).toThrow(
      /products_rekeyed has 3, app-orders-by-product has 2/,
    );
  });

  test('creates the dead letter topic, or takes it as it is', () => {
    const created = plan({deadLetterTopic: 'dead', numPartitions: 2});
    const found = plan({deadLetterTopic: 'dead', existing: new Map([['dead', 5]])});

    expect(created.topics).toContainEqual(
      expect.objectContaining({name: 'dead', partitions: 2, cleanupPolicy: 'delete'}),
    );
    expect(namesOf(found)).not.toContain('dead');
    expect(found.partitions.get('dead')).toBe(5);
  });
});
