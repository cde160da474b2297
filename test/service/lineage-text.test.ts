import {describe, expect, test} from 'vitest';
import {lineageText} from '../../src/service/lineage-text.ts';
import type {
  ChangeAnswer,
  LineageAnswer,
  LineageNode,
} from '../../src/streams/runtime/queries/lineage-answer.ts';

const at = '2026-11-27T12:00:00.000Z';
const change: ChangeAnswer = {
  source: 'shop',
  lsn: '1/4',
  ordinal: 2,
  isSnapshot: false,
  table: 'products.orders',
  key: {order_id: 'o1'},
  committedAt: at,
  event: null,
};
const read = {
  kind: 'read',
  topic: 'postgres.products.orders',
  partition: 0,
  offset: 3,
  at,
} as const;
const node = (more: Partial<LineageNode>): LineageNode => ({
  change,
  steps: [{...read, tookMs: 12}],
  at,
  isTruncated: false,
  ...more,
});
const answer = (more: Partial<LineageAnswer>): LineageAnswer => ({
  topic: 'orders_enriched',
  key: 'o1',
  records: [],
  waiting: [],
  notes: [],
  ...more,
});

describe('lineageText', () => {
  test('draws the way of a record as a tree', () => {
    const product = node({
      change: {...change, table: 'products.products', key: 7, isSnapshot: true, ordinal: null},
      steps: [],
    });
    const steps = [
      {...read, tookMs: 12},
      {kind: 'join', table: 'products', waitedMs: 61_500, row: product},
      {kind: 'join', table: 'customers_enriched', waitedMs: null, row: null},
    ] as const;
    const row = {sink: 'local', table: 'orders_enriched', partition: 0, offset: 9};
    const record = {
      partition: 0,
      offset: 9,
      value: {a: 1},
      warehouse: [row],
      lineage: node({steps}),
    };

    expect(lineageText(answer({records: [record]}))).toBe(`orders_enriched o1 at orders_enriched-0@9
  value {"a":1}
  in the warehouse: sink local, table orders_enriched, partition 0, _offset 9
  change of products.orders {"order_id":"o1"} in source shop, LSN 1/4 (no. 2 of its transaction), committed ${at}
  read from postgres.products.orders-0@3 12 ms later
  joined with products after waiting 61.5 s for it
    snapshot of products.products 7 in source shop, LSN 1/4, committed ${at}
  joined with customers_enriched
    where it comes from was not written down
`);
  });

  test('says what an order waits for, and what else there is to say', () => {
    const waiting = {
      for: {table: 'products', key: 'p1'},
      value: {order_id: 'o1'},
      lineage: node({change: null, steps: [], isTruncated: true}),
    };

    expect(lineageText(answer({waiting: [waiting], notes: ['It is gone.']})))
      .toBe(`orders_enriched o1 waits
  for row p1 of table products, which is not there yet
  value {"order_id":"o1"}
  the change that it comes from was not written down
  more steps than a lineage has room for; the last ones are missing
note: It is gone.
`);
  });
});
