import {describe, expect, test} from 'vitest';
import {layOut} from '../../page/graph/layout.ts';
import {stepsOf} from '../../page/graph/steps.ts';
import {pipelineGraph} from '../../src/monitor/pipeline-graph.ts';
import type {PipelineGraph} from '../../src/monitor/pipeline.ts';
import {ordersTopology} from '../../src/topology.ts';

function graphOf(semantics: 'cdc' | 'ksqldb'): PipelineGraph {
  const topology = ordersTopology({semantics, ordersDeletes: 'ignore'});
  return pipelineGraph({
    applicationId: 'shop',
    version: '1',
    startedAt: 0,
    topology: topology.toJSON(),
    topicName: (topic) => topic,
    sources: [
      {
        name: 'products',
        tables: {
          'products.orders': 'postgres.products.orders',
          'products.products': 'postgres.products.products',
        },
      },
    ],
    sinks: [{name: 'local', connector: 'duckdb', topics: ['orders_enriched']}],
  });
}

describe('stepsOf', () => {
  test.each(['cdc', 'ksqldb'] as const)(
    'keeps every node of the %s pipeline, once',
    (semantics) => {
      const graph = graphOf(semantics);

      const {steps} = stepsOf(graph);

      expect(steps.flatMap(({members}) => members.map(({id}) => id)).toSorted()).toEqual(
        graph.nodes.map(({id}) => id).toSorted(),
      );
    },
  );

  test.each(['cdc', 'ksqldb'] as const)(
    'puts the operators of the %s pipeline around its tables and joins',
    (semantics) => {
      const {steps} = stepsOf(graphOf(semantics));

      const titles = steps.filter(({kind}) => kind === 'step').map(({title}) => title);
      expect(titles.toSorted()).toEqual(
        [
          'customers',
          'customers_enriched',
          'demographics',
          'join customers_enriched',
          'join products',
          'products',
          ...(semantics === 'cdc' ? ['orders_rekeyed'] : []),
        ].toSorted(),
      );
    },
  );

  test('leads from the source tables to the warehouse without detours', () => {
    const {edges} = stepsOf(graphOf('cdc'));

    expect(edges.map(({from, to}) => `${from} > ${to}`)).toEqual(
      expect.arrayContaining([
        'table/products/products.orders > topic/postgres.products.orders',
        'topic/postgres.products.orders > step/orders_rekeyed',
        'step/orders_rekeyed > step/join products',
        'step/products > step/join products',
        'step/join products > step/join customers_enriched',
        'step/customers_enriched > step/join customers_enriched',
        'step/join customers_enriched > topic/orders_enriched',
        'topic/orders_enriched > warehouse/local/orders_enriched',
      ]),
    );
    expect(edges).not.toContainEqual({
      from: 'step/orders_rekeyed',
      to: 'step/join customers_enriched',
    });
  });
});

describe('layOut', () => {
  const graph = graphOf('cdc');
  const steps = stepsOf(graph);
  const all = new Set(steps.steps.map(({id}) => id));

  test.each([1248, 1568])(
    'fits the overview into %i pixels, and lets no two boxes touch',
    (width) => {
      const layout = layOut(graph, steps, new Set(), width);

      expect(layout.width).toBeLessThanOrEqual(width);
      expect(layout.steps).toHaveLength(steps.steps.length);
      expect(touching(layout.steps)).toEqual([]);
    },
  );

  test('shows every node when all steps are open, and lets no two boxes touch', () => {
    const layout = layOut(graph, steps, all, 1248);
    const boxes = [...layout.steps, ...layout.members];

    expect(boxes.map(({id}) => id).toSorted()).toEqual(graph.nodes.map(({id}) => id).toSorted());
    expect(touching(boxes)).toEqual([]);
    expect(layout.frames.map(({label}) => label)).toContain('sub-topology 0');
  });

  test('shows the operators of one step, the others closed', () => {
    const layout = layOut(graph, steps, new Set(['step/products']), 1248);

    expect(layout.members.map(({id}) => id)).toContain('operator/toTable-3');
    expect(layout.members.map(({id}) => id)).not.toContain('operator/toTable-1');
    expect(layout.steps.map(({id}) => id)).toContain('step/customers');
  });
});

interface Box {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function touching(boxes: readonly Box[]): readonly string[] {
  return boxes.flatMap((a, at) =>
    boxes
      .slice(at + 1)
      .filter(
        (b) =>
          a.x < b.x + b.width &&
          b.x < a.x + a.width &&
          a.y < b.y + b.height &&
          b.y < a.y + a.height,
      )
      .map((b) => `${a.id} ${b.id}`),
  );
}
