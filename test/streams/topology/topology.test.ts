import {describe, expect, test} from 'vitest';
import {kafka, json} from '../../../src/serde/format.ts';
import {notNull, nullable, struct, varchar} from '../../../src/serde/schema.ts';
import {StreamsBuilder} from '../../../src/streams/dsl/streams-builder.ts';
import {waitingTopic} from '../../../src/streams/dsl/waiting-topic.ts';
import {internalTopic, topic} from '../../../src/streams/topic.ts';
import type {Topology} from '../../../src/streams/topology/topology.ts';
import {refusal} from '../../../src/streams/topology/source-admission.ts';

const id = notNull(varchar());
const Product = struct({id, price: varchar()});
const Order = struct({id, product: varchar()});
const OrderWithPrice = struct({...Order.fields, price: varchar()});

const productsRaw = topic('products-raw', {key: kafka(id), value: json(Product)});
const productsById = internalTopic('products-by-id', {key: kafka(id), value: json(Product)});
const products = topic('products', {key: kafka(id), value: json(Product)});
const orders = topic('orders', {key: kafka(id), value: json(Order)});
const ordersByProduct = internalTopic('orders-by-product', {key: kafka(id), value: json(Order)});
const ordersWaiting = waitingTopic('orders-waiting', Order);
const ordersPriced = topic('orders-priced', {key: kafka(id), value: json(OrderWithPrice)});

/** Prices orders that wait for their product. */
function pricing(): Topology {
  const builder = new StreamsBuilder();
  const table = builder
    .stream(productsRaw)
    .repartition(productsById, (product) => product.id)
    .toTable(products);
  const byId = builder.stream(orders);
  byId
    .repartition(ordersByProduct, (order) => order.product)
    .join(table, (order, product) => ({...order, price: product.price}), {
      onMiss: 'wait',
      store: ordersWaiting,
      id: (order) => order.id,
      supersededBy: byId,
    })
    .to(ordersPriced, (order) => order.id);
  return builder.build();
}

describe('Topology', () => {
  test('describes itself', () => {
    expect(pricing().describe()).toMatchSnapshot();
  });

  test('draws itself for Mermaid', () => {
    expect(pricing().toMermaid()).toMatchSnapshot();
  });

  test('serialises to names and edges', () => {
    expect(JSON.stringify(pricing(), null, 1)).toMatchSnapshot();
  });

  test('puts nodes that share an edge or a store into one sub-topology', () => {
    const stores = pricing().subTopologies.map((subTopology) => subTopology.stores);

    expect(stores).toEqual([[], ['products', 'orders-waiting'], []]);
  });

  test('hands records to operators that cross partitions before their siblings', () => {
    const kinds = pricing()
      .children('source-3')
      .map((node) => (node.kind === 'operator' ? node.operator.kind : node.kind));

    expect(kinds).toEqual(['supersedeWaiting', 'rekey']);
  });

  test('says of each source whether it feeds a table, also through a repartition topic', () => {
    const fed = pricing()
      .sources()
      .map((source) => [source.topic.name, source.feeds]);

    expect(fed).toEqual([
      ['products-raw', 'table'],
      ['products-by-id', 'table'],
      ['orders', 'stream'],
      ['orders-by-product', 'stream'],
    ]);
  });

  test('takes a source that feeds a table and something else for a stream', () => {
    const builder = new StreamsBuilder();
    const stream = builder.stream(productsRaw);
    stream.toTable(products);
    stream.to(topic('copy', {key: kafka(id), value: json(Product)}));

    expect(builder.build().sourceOf('products-raw')?.feeds).toBe('stream');
  });

  test('marks stores that others may read as published', () => {
    expect(pricing().stores.map(({name, published}) => [name, published])).toEqual([
      ['products', true],
      ['orders-waiting', false],
    ]);
  });

  test('finds the source of a topic', () => {
    expect(pricing().sourceOf('orders')?.name).toBe('source-3');
    expect(pricing().sourceOf('nothing')).toBeUndefined();
  });
});

describe('refusal', () => {
  const some = Buffer.from('{}');

  test('refuses tombstones unless the value is declared nullable', () => {
    const builder = new StreamsBuilder();
    builder.stream(orders);
    builder.stream(topic('deletions', {key: kafka(id), value: json(nullable(Order))}));

    expect(admit(builder, some, null)).toEqual(['tombstone', undefined]);
    expect(admit(builder, some, some)).toEqual([undefined, undefined]);
  });

  test('refuses null keys unless the key is declared nullable', () => {
    const builder = new StreamsBuilder();
    builder.stream(orders);
    builder.stream(topic('unkeyed', {key: kafka(varchar()), value: json(Order)}));

    expect(admit(builder, null, some)).toEqual(['null_key', undefined]);
  });

  test('passes tombstones through a repartition', () => {
    const builder = new StreamsBuilder();
    builder
      .stream(orders)
      .mapValues(() => null)
      .repartition(ordersByProduct, (_order, key) => key);

    expect(admit(builder, some, null)).toEqual(['tombstone', undefined]);
  });
});

function admit(builder: StreamsBuilder, key: Buffer | null, value: Buffer | null) {
  const sources = builder.build().sources();
  return sources.map((source) => refusal(source, key, value));
}
