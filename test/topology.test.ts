import {beforeEach, describe, expect, test} from 'vitest';
import type {Infer} from '../src/serde/schema.ts';
import {TopologyTestDriver} from '../src/streams/testing/topology-test-driver.ts';
import type {Topic} from '../src/streams/topic.ts';
import {ordersTopology} from '../src/topology.ts';
import type {OrdersTopologyOptions} from '../src/topology.ts';
import * as topics from '../src/topics.ts';

type Customer = Infer<typeof topics.Customer>;
type ProductChange = Infer<typeof topics.ProductChange>;
type OrderChange = Infer<typeof topics.OrderChange>;

const ada: Customer = {
  id: 'c1',
  first_name: 'Ada',
  last_name: 'Lovelace',
  email: 'ada@example.com',
  phone: '555-0100',
};
const moved: Customer = {...ada, email: null, phone: '555-0199'};
const home = {
  id: 'c1',
  street_address: '1 Main St',
  state: 'CA',
  zip_code: '94105',
  country: 'United States',
  country_code: 'US',
};
const productColumns = {
  product_id: 'p1',
  size: '42',
  product: 'Shoe',
  department: 'Sports',
  price: '9.99',
};
const shoe: ProductChange = {...productColumns, __deleted: 'false'};
const shoeRow = {...productColumns, deleted: 'false'};

/** As Debezium writes it under REPLICA IDENTITY DEFAULT: the key and nothing else. */
const shoeDeleted: ProductChange = {
  product_id: 'p1',
  size: null,
  product: null,
  department: null,
  price: null,
  __deleted: 'true',
};

const order = (id: string): OrderChange => ({
  order_id: id,
  product_id: 'p1',
  customer_id: 'c1',
  __deleted: 'false',
});
const orderDeleted = (id: string): OrderChange => ({
  order_id: id,
  product_id: null,
  customer_id: null,
  __deleted: 'true',
});
const enriched = (id: string, customer = ada): object => ({
  order_id: id,
  ...productColumns,
  ...customer,
  ...home,
});

let driver: TopologyTestDriver;

function start(
  semantics: 'cdc' | 'ksqldb',
  ordersDeletes: 'ignore' | 'propagate' = 'ignore',
): void {
  driver = new TopologyTestDriver(ordersTopology({semantics, ordersDeletes}));
}

function writeCustomer(after: Customer | null, before: Customer | null = null): void {
  const op = after === null ? 'd' : before === null ? 'c' : 'u';
  driver.input(topics.customersCdc).pipe({id: 'c1'}, {before, after, op});
}

function insertDemographic(): void {
  driver.input(topics.demographicsCdc).pipe({id: 'c1'}, {before: null, after: home, op: 'c'});
}

function writeProduct(product: ProductChange | null): void {
  driver.input(topics.productsCdc).pipe({product_id: 'p1'}, product);
}

function writeOrder(id: string, value: OrderChange | null = order(id)): void {
  driver.input(topics.ordersCdc).pipe({order_id: id}, value);
}

/** A customer, its demographics and a product, all of them read. */
function insertDimensions(): void {
  writeCustomer(ada);
  insertDemographic();
  writeProduct(shoe);
  forgetOutput();
}

function read<K, V>(topic: Topic<K, V>): readonly (readonly [K, V | null])[] {
  return driver.output(topic).read();
}

function forgetOutput(): void {
  for (const topic of [
    topics.customersFlattened,
    topics.customers,
    topics.customersEnriched,
    topics.products,
    topics.ordersEnriched,
  ]) {
    driver.output(topic as Topic<unknown, unknown>).read();
  }
}

describe('ordersTopology with cdc semantics', () => {
  beforeEach(() => start('cdc'));

  test('1: a customer becomes a row of customers', () => {
    writeCustomer(ada);

    expect(read(topics.customersFlattened)).toEqual([['c1', ada]]);
    expect(read(topics.customers)).toEqual([['c1', ada]]);
    expect(read(topics.customersEnriched)).toEqual([]);
    expect(read(topics.ordersEnriched)).toEqual([]);
  });

  test('2: its demographics complete the enriched customer', () => {
    writeCustomer(ada);

    insertDemographic();

    expect(read(topics.demographics)).toEqual([['c1', home]]);
    expect(read(topics.customersEnriched)).toEqual([['c1', {...ada, ...home}]]);
  });

  test('3: an order of an unknown product waits', () => {
    writeCustomer(ada);
    insertDemographic();

    writeOrder('o1');

    expect(read(topics.ordersRekeyed).map(([key]) => key)).toEqual(['o1']);
    expect(read(topics.ordersEnriched)).toEqual([]);
    expect(driver.dropped()).toEqual({});
  });

  test('4: the product releases the orders that wait for it', () => {
    writeCustomer(ada);
    insertDemographic();
    writeOrder('o1');

    writeProduct(shoe);

    expect(read(topics.products)).toEqual([['p1', shoeRow]]);
    expect(read(topics.ordersEnriched)).toEqual([['o1', enriched('o1')]]);
    expect(liveEntries(topics.ordersWaitingForProduct)).toBe(0);
  });

  test('5: an order of known product and customer is enriched at once', () => {
    insertDimensions();

    writeOrder('o2');

    expect(read(topics.ordersEnriched)).toEqual([['o2', enriched('o2')]]);
  });

  test('6: a NULL overwrites, and the enriched customer follows', () => {
    insertDimensions();

    writeCustomer(moved, ada);

    expect(read(topics.customers)).toEqual([['c1', moved]]);
    expect(read(topics.customersEnriched)).toEqual([['c1', {...moved, ...home}]]);
    expect(read(topics.ordersEnriched)).toEqual([]);
  });

  test('7: an updated order is enriched again', () => {
    insertDimensions();
    writeOrder('o1');
    writeCustomer(moved, ada);

    writeOrder('o1');

    expect(read(topics.ordersEnriched)).toEqual([
      ['o1', enriched('o1')],
      ['o1', enriched('o1', moved)],
    ]);
  });

  test('8: a deleted customer leaves both tables, and later orders wait for its return', () => {
    insertDimensions();

    writeCustomer(null, ada);
    writeOrder('o3');

    expect(read(topics.customersFlattened)).toEqual([['c1', null]]);
    expect(read(topics.customers)).toEqual([['c1', null]]);
    expect(read(topics.customersEnriched)).toEqual([['c1', null]]);
    expect(driver.table(topics.customersEnriched).size).toBe(0);
    expect(read(topics.ordersEnriched)).toEqual([]);

    writeCustomer(moved);

    expect(read(topics.ordersEnriched)).toEqual([['o3', enriched('o3', moved)]]);
  });

  test('9: the tombstone after a delete says nothing', () => {
    insertDimensions();
    writeCustomer(null, ada);
    forgetOutput();

    driver.input(topics.customersCdc).pipe({id: 'c1'}, null);

    expect(read(topics.customersFlattened)).toEqual([]);
    expect(read(topics.customers)).toEqual([]);
    expect(driver.dropped()).toEqual({tombstone: 1});
  });

  test('10: a deleted product leaves its table, and later orders wait', () => {
    insertDimensions();

    writeProduct(shoeDeleted);
    writeProduct(null);
    writeOrder('o4');

    expect(read(topics.products)).toEqual([['p1', null]]);
    expect(driver.table(topics.products).size).toBe(0);
    expect(read(topics.ordersEnriched)).toEqual([]);

    writeProduct({...shoe, price: '1.00'});

    expect(read(topics.ordersEnriched)).toEqual([['o4', {...enriched('o4'), price: '1.00'}]]);
  });

  test('sink check 14: 11: a deleted order is ignored', () => {
    insertDimensions();
    writeOrder('o2');
    forgetOutput();

    writeOrder('o2', orderDeleted('o2'));

    expect(read(topics.ordersEnriched)).toEqual([]);
    expect(driver.dropped()).toEqual({no_row: 1});
  });

  test('12: a row written again unchanged says nothing', () => {
    insertDimensions();

    writeCustomer(ada, ada);
    insertDemographic();
    writeProduct(shoe);

    expect(read(topics.customersFlattened)).toHaveLength(1);
    expect(read(topics.customers)).toEqual([]);
    expect(read(topics.customersEnriched)).toEqual([]);
    expect(read(topics.products)).toEqual([]);
  });

  test('an order whose product or customer is NULL joins nothing, as in SQL', () => {
    insertDimensions();

    writeOrder('o5', {...order('o5'), product_id: null});
    writeOrder('o6', {...order('o6'), customer_id: null});

    expect(read(topics.ordersEnriched)).toEqual([]);
    expect(driver.dropped()).toEqual({null_key: 2});
  });

  test('an order that has lost its product while waiting is never emitted as it was', () => {
    writeCustomer(ada);
    insertDemographic();
    writeOrder('o1');

    writeOrder('o1', {...order('o1'), product_id: null});
    writeProduct(shoe);

    expect(read(topics.ordersEnriched)).toEqual([]);
    expect(driver.dropped()).toEqual({superseded: 1, null_key: 1});
  });

  test('an order that changes its product while waiting is emitted with the new one only', () => {
    writeCustomer(ada);
    insertDemographic();
    writeOrder('o1', {...order('o1'), product_id: 'p0'});

    writeOrder('o1');
    driver.input(topics.productsCdc).pipe({product_id: 'p0'}, {...shoe, product_id: 'p0'});
    writeProduct(shoe);

    expect(read(topics.ordersEnriched)).toEqual([['o1', enriched('o1')]]);
  });

  test('an order that changes its customer while waiting for it is emitted with the new one only', () => {
    insertDimensions();
    writeOrder('o1', {...order('o1'), customer_id: 'c0'});

    writeOrder('o1');
    driver
      .input(topics.customersCdc)
      .pipe({id: 'c0'}, {before: null, after: {...ada, id: 'c0'}, op: 'c'});
    driver
      .input(topics.demographicsCdc)
      .pipe({id: 'c0'}, {before: null, after: {...home, id: 'c0'}, op: 'c'});

    expect(read(topics.ordersEnriched)).toEqual([['o1', enriched('o1')]]);
  });

  test('a deleted order that waits goes on waiting', () => {
    writeCustomer(ada);
    insertDemographic();
    writeOrder('o1');

    writeOrder('o1', orderDeleted('o1'));
    writeProduct(shoe);

    expect(read(topics.ordersEnriched)).toEqual([['o1', enriched('o1')]]);
  });

  test('a released order has its own headers, and the later time of order and row', () => {
    const headers = [{key: '__millrace.source', value: Buffer.from('position')}];
    writeCustomer(ada);
    insertDemographic();
    driver.input(topics.ordersCdc).pipe({order_id: 'o1'}, order('o1'), 1_000, headers);

    driver.input(topics.productsCdc).pipe({product_id: 'p1'}, shoe, 2_000);

    expect(driver.output(topics.ordersEnriched).readRecords()).toMatchObject([
      {timestamp: 2_000, headers},
    ]);
  });

  test('keeps its shape', () => {
    expect(shape({semantics: 'cdc', ordersDeletes: 'ignore'})).toMatchSnapshot();
  });
});

describe('ordersTopology with cdc semantics that propagates deletes of orders', () => {
  beforeEach(() => start('cdc', 'propagate'));

  test('sink check 14: 11: a deleted order is deleted in orders_rekeyed and orders_enriched', () => {
    insertDimensions();
    writeOrder('o2');
    read(topics.ordersRekeyed);
    forgetOutput();

    writeOrder('o2', orderDeleted('o2'));
    writeOrder('o2', null);

    expect(read(topics.ordersRekeyed)).toEqual([['o2', null]]);
    expect(read(topics.ordersEnriched)).toEqual([['o2', null]]);
  });

  test('a deleted order stops waiting for its product', () => {
    writeCustomer(ada);
    insertDemographic();
    writeOrder('o1');

    writeOrder('o1', orderDeleted('o1'));
    writeProduct(shoe);

    expect(read(topics.ordersEnriched)).toEqual([['o1', null]]);
  });

  test('a deleted order stops waiting for its customer', () => {
    writeProduct(shoe);
    writeOrder('o1');

    writeOrder('o1', orderDeleted('o1'));
    writeCustomer(ada);
    insertDemographic();

    expect(read(topics.ordersEnriched)).toEqual([['o1', null]]);
  });

  test('an order that comes back is enriched again', () => {
    insertDimensions();
    writeOrder('o1');
    writeOrder('o1', orderDeleted('o1'));

    writeOrder('o1');

    expect(read(topics.ordersEnriched)).toEqual([
      ['o1', enriched('o1')],
      ['o1', null],
      ['o1', enriched('o1')],
    ]);
  });

  test('keeps its shape', () => {
    expect(shape({semantics: 'cdc', ordersDeletes: 'propagate'})).toMatchSnapshot();
  });
});

describe('ordersTopology with ksqldb semantics', () => {
  beforeEach(() => start('ksqldb'));

  test('1: a customer becomes a row of customers', () => {
    writeCustomer(ada);

    expect(read(topics.customersFlattened)).toEqual([['c1', ada]]);
    expect(read(topics.customers)).toEqual([['c1', ada]]);
    expect(read(topics.customersEnriched)).toEqual([]);
    expect(read(topics.ordersEnriched)).toEqual([]);
  });

  test('2: its demographics complete the enriched customer', () => {
    writeCustomer(ada);

    insertDemographic();

    expect(read(topics.demographics)).toEqual([['c1', home]]);
    expect(read(topics.customersEnriched)).toEqual([['c1', {...ada, ...home}]]);
  });

  test('3: an order of an unknown product is gone', () => {
    writeCustomer(ada);
    insertDemographic();

    writeOrder('o1');

    expect(read(topics.ordersRekeyed).map(([key]) => key)).toEqual(['o1']);
    expect(read(topics.ordersEnriched)).toEqual([]);
    expect(driver.dropped()).toEqual({join_miss: 1});
  });

  test('4: the product comes too late for the orders before it', () => {
    writeCustomer(ada);
    insertDemographic();
    writeOrder('o1');

    writeProduct(shoe);

    expect(read(topics.products)).toEqual([['p1', shoeRow]]);
    expect(read(topics.ordersEnriched)).toEqual([]);
  });

  test('5: an order of known product and customer is enriched', () => {
    insertDimensions();

    writeOrder('o2');

    expect(read(topics.ordersEnriched)).toEqual([['o2', enriched('o2')]]);
  });

  test('6: a NULL keeps the old value', () => {
    insertDimensions();

    writeCustomer(moved, ada);

    const kept = {...moved, email: ada.email};
    expect(read(topics.customersFlattened)).toEqual([['c1', moved]]);
    expect(read(topics.customers)).toEqual([['c1', kept]]);
    expect(read(topics.customersEnriched)).toEqual([['c1', {...kept, ...home}]]);
    expect(read(topics.ordersEnriched)).toEqual([]);
  });

  test('7: an updated order is enriched, also where it had been dropped', () => {
    writeCustomer(ada);
    insertDemographic();
    writeOrder('o1');
    writeProduct(shoe);

    writeOrder('o1');

    expect(read(topics.ordersEnriched)).toEqual([['o1', enriched('o1')]]);
  });

  test('8: a deleted customer stays in the tables', () => {
    insertDimensions();

    writeCustomer(null, ada);
    writeOrder('o3');

    expect(read(topics.customers)).toEqual([]);
    expect(driver.table(topics.customers).get('c1')).toEqual(ada);
    expect(read(topics.ordersEnriched)).toEqual([['o3', enriched('o3')]]);
    expect(driver.dropped()).toEqual({no_row: 1});
  });

  test('9: the tombstone after it is skipped', () => {
    insertDimensions();

    driver.input(topics.customersCdc).pipe({id: 'c1'}, null);

    expect(read(topics.customersFlattened)).toEqual([]);
    expect(driver.table(topics.customers).get('c1')).toEqual(ada);
    expect(driver.dropped()).toEqual({tombstone: 1});
  });

  test('10: a deleted product is marked, and still joins', () => {
    insertDimensions();

    writeProduct(shoeDeleted);
    writeProduct(null);
    writeOrder('o4');

    expect(read(topics.products)).toEqual([['p1', {...shoeRow, deleted: 'true'}]]);
    expect(read(topics.ordersEnriched)).toEqual([['o4', enriched('o4')]]);
  });

  test('11: a deleted order is dropped without its columns, and emitted again with them', () => {
    insertDimensions();
    writeOrder('o2');
    forgetOutput();

    writeOrder('o2', orderDeleted('o2'));

    expect(read(topics.ordersEnriched)).toEqual([]);
    expect(driver.dropped()).toEqual({null_key: 1});

    writeOrder('o2', {...order('o2'), __deleted: 'true'});

    expect(read(topics.ordersEnriched)).toEqual([['o2', enriched('o2')]]);
  });

  test('12: a row written again unchanged is emitted again', () => {
    insertDimensions();

    writeCustomer(ada, ada);

    expect(read(topics.customersFlattened)).toEqual([['c1', ada]]);
    expect(read(topics.customers)).toEqual([['c1', ada]]);
    expect(read(topics.customersEnriched)).toEqual([['c1', {...ada, ...home}]]);
  });

  test('keeps its shape', () => {
    expect(shape({semantics: 'ksqldb', ordersDeletes: 'ignore'})).toMatchSnapshot();
  });
});

describe('columns of orders_enriched', () => {
  test('stand in the order of the seed', () => {
    expect(Object.keys(topics.OrderEnriched.fields).join()).toBe(
      'order_id,product_id,size,product,department,price,id,first_name,last_name,email,phone,' +
        'street_address,state,zip_code,country,country_code',
    );
  });
});

function shape(options: OrdersTopologyOptions): string {
  return ordersTopology(options).describe();
}

/** Entries of a waiting store besides the count. */
function liveEntries<V>(topic: Topic<Buffer, V>): number {
  return driver.table(topic).size - 1;
}
