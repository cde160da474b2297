import {expect, test} from 'vitest';
import {resetTopics} from '../../../src/service/reset/reset-topics.ts';
import {ordersTopology} from '../../../src/topology.ts';

test('takes away what the topology keeps or reads back, and tells it from what only others read', () => {
  const topology = ordersTopology({semantics: 'cdc', ordersDeletes: 'ignore'});

  const {internal, outputs} = resetTopics(topology, 'app');

  expect(outputs).toEqual(['orders_enriched']);
  expect(internal).toEqual([
    'app-orders-by-customer',
    'app-orders-by-order',
    'app-orders-by-product',
    'app-orders-in-source-order-changelog',
    'app-orders-waiting-for-customer-changelog',
    'app-orders-waiting-for-product-changelog',
    'customers',
    'customers_enriched',
    'customers_flattened',
    'demographics',
    'demographics_flattened',
    'orders_rekeyed',
    'products',
    'products_rekeyed',
  ]);
});
