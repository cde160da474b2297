import {describe, expect, expectTypeOf, test} from 'vitest';
import {json, kafka} from '../../src/serde/format.ts';
import {notNull, nullable, struct, varchar} from '../../src/serde/schema.ts';
import type {Infer} from '../../src/serde/schema.ts';
import type {KStream} from '../../src/streams/dsl/kstream.ts';
import type {KTable} from '../../src/streams/dsl/ktable.ts';
import {StreamsBuilder} from '../../src/streams/dsl/streams-builder.ts';
import {waitingTopic} from '../../src/streams/dsl/waiting-topic.ts';
import {topic} from '../../src/streams/topic.ts';
import * as topics from '../../src/topics.ts';

type Customer = Infer<typeof topics.Customer>;
type Demographic = Infer<typeof topics.Demographic>;
type Order = Infer<typeof topics.Order>;

/* What these tests check is checked by tsc; the code under them runs, and need not make a topology that can. */

const builder = new StreamsBuilder();
const changes = builder.stream(topics.customersCdc);
const rows = changes.flatten((change) => change.after);
const rowsOrTombstones = changes.mapValues((change) => change.after);
const customers = rows
  .repartition(topics.customersFlattened, (row) => row.id)
  .latestByKey(topics.customers);
const orders = builder.stream(topics.ordersRekeyed);
const products = builder.stream(topics.productsRekeyed).toTable(topics.products);

const orderId = (order: Order): string => order.order_id;
const price = (_order: Order, product: Infer<typeof topics.Product>): string | null =>
  product.price;

describe('KStream', () => {
  test('flatten yields the row', () => {
    expectTypeOf(rows).toEqualTypeOf<KStream<{readonly id: string}, Customer>>();
  });

  test('filter narrows what its predicate narrows', () => {
    const present = rowsOrTombstones.filter((row) => row !== null);

    expectTypeOf(present).toEqualTypeOf<KStream<{readonly id: string}, Customer>>();
  });

  test('a topic whose value is declared nullable yields tombstones as null', () => {
    const deletions = topic('deletions', {
      key: kafka(notNull(varchar())),
      value: json(nullable(topics.Order)),
    });

    expectTypeOf(builder.stream(deletions)).toEqualTypeOf<KStream<string, Order | null>>();
  });

  test('writing rows to a topic with a column they lack', () => {
    expect.assertions(0);
    // @ts-expect-error -- a customer has no street_address
    rows.to(topics.demographics, (row) => row.id);
  });

  test('writing under a key of another type', () => {
    expect.assertions(0);
    // @ts-expect-error -- the key is still the struct that Debezium wrote
    rows.to(topics.customersFlattened);
  });

  test('merge yields the rows of either stream', () => {
    const merged = orders.merge(builder.stream(topics.ordersByProduct).mapValues(() => null));

    expectTypeOf(merged).toEqualTypeOf<KStream<string, Order | null>>();
  });

  test('merging streams of different keys', () => {
    expect.assertions(0);
    // @ts-expect-error -- one is keyed by text, the other by a struct
    orders.merge(rows);
  });
});

describe('repartition', () => {
  test('yields the rows of the topic, and tombstones where there were some', () => {
    const flattened = rowsOrTombstones.repartition(topics.customersFlattened, (_row, {id}) => id);

    expectTypeOf(flattened).toEqualTypeOf<KStream<string, Customer | null>>();
  });

  test('takes the key of a tombstone from the old key', () => {
    expect.assertions(0);
    // @ts-expect-error -- the row of a tombstone is null
    rowsOrTombstones.repartition(topics.customersFlattened, (row) => row.id);
  });

  test('takes keys of the type that the topic declares', () => {
    expect.assertions(0);
    // @ts-expect-error -- the key is text
    rows.repartition(topics.customersFlattened, () => 1);
  });
});

describe('tables', () => {
  test('take the rows of their topic', () => {
    expectTypeOf(customers).toEqualTypeOf<KTable<string, Customer>>();
    expectTypeOf(customers.toStream()).toEqualTypeOf<KStream<string, Customer | null>>();
  });

  test('take the key of their topic', () => {
    expect.assertions(0);
    // @ts-expect-error -- rows are still keyed by the struct that Debezium wrote
    rows.toTable(topics.customers);
    // @ts-expect-error -- rows are still keyed by the struct that Debezium wrote
    rows.latestByKey(topics.customers);
  });

  test('join to what the topic of the result declares', () => {
    expect.assertions(0);
    // @ts-expect-error -- the demographic's columns are missing
    customers.join(products, (customer) => customer, topics.customersEnriched);
  });

  test('a left join gives null where the other side has no row', () => {
    const builderOfJoin = new StreamsBuilder();
    const left = builderOfJoin.stream(topics.customersFlattened).toTable(topics.customers);
    const right = builderOfJoin.stream(topics.demographicsFlattened).toTable(topics.demographics);

    left.leftJoin(
      right,
      (customer, demographic) => {
        expectTypeOf(demographic).toEqualTypeOf<Demographic | null>();
        return {...customer, ...(demographic as Demographic)};
      },
      topics.customersEnriched,
    );
  });
});

describe('stream-table joins', () => {
  const waits = {
    onMiss: 'wait',
    store: waitingTopic('orders-waiting', topics.Order),
    supersededBy: orders,
  } as const;

  test('a waiting join takes what waits, and its newer versions', () => {
    const joined = orders.join(products, price, {...waits, id: (order) => order.order_id});

    expectTypeOf(joined).toEqualTypeOf<KStream<string, string | null>>();
  });

  test('give rows, never tombstones, to the join', () => {
    const withTombstones = orders.mapValues((order): Order | null => order);

    withTombstones.join(products, (order, product) => {
      expectTypeOf(order).toEqualTypeOf<Order>();
      expectTypeOf(product).toEqualTypeOf<Infer<typeof topics.Product>>();
      return order;
    });
  });

  test('a left join gives null where the table has no row', () => {
    const prices = orders.leftJoin(products, (_order, product) => {
      expectTypeOf(product).toEqualTypeOf<Infer<typeof topics.Product> | null>();
      return product?.price ?? null;
    });

    expectTypeOf(prices).toEqualTypeOf<KStream<string, string | null>>();
  });

  test('a waiting join gives the rows as its store declares them', () => {
    const OrderId = struct({order_id: notNull(varchar())});

    orders.join(products, (order) => expectTypeOf(order).toEqualTypeOf<Infer<typeof OrderId>>(), {
      onMiss: 'wait',
      store: waitingTopic('ids-waiting', OrderId),
      id: (order) => order.order_id,
      supersededBy: orders,
    });
  });

  test('a waiting join takes a store for the rows that wait', () => {
    expect.assertions(0);
    // @ts-expect-error -- an order lacks the columns of a product
    orders.join(products, price, {...waits, store: topics.ordersWaitingForCustomer, id: orderId});
  });

  test('a waiting join is superseded by a stream keyed by the id', () => {
    expect.assertions(0);
    // @ts-expect-error -- keyed by a struct
    orders.join(products, price, {...waits, supersededBy: rows, id: orderId});
  });
});
