import type {Infer} from './serde/schema.ts';
import type {KStream} from './streams/dsl/kstream.ts';
import {StreamsBuilder} from './streams/dsl/streams-builder.ts';
import type {Topology} from './streams/topology/topology.ts';
import * as topics from './topics.ts';

export interface OrdersTopologyOptions {
  /** `cdc`: what SQL over the sources would say. `ksqldb`: row for row what ksqlDB does with the same statements. */
  readonly semantics: 'cdc' | 'ksqldb';
  /** Whether a deleted order stays in `orders_enriched` or gets a tombstone there. Only `cdc` can propagate. */
  readonly ordersDeletes: 'ignore' | 'propagate';
}

/** Enriches every order with its product and its customer, as both stand when the order is joined. */
export function ordersTopology({semantics, ordersDeletes}: OrdersTopologyOptions): Topology {
  return semantics === 'cdc' ? cdcTopology(ordersDeletes) : ksqldbTopology();
}

/**
 * NULLs overwrite, deleted rows leave the tables, unchanged rows say nothing, and an order waits for its product and
 * its customer.
 */
function cdcTopology(ordersDeletes: OrdersTopologyOptions['ordersDeletes']): Topology {
  const builder = new StreamsBuilder();

  const customers = builder
    .stream(topics.customersCdc)
    .mapValues((change) => change.after)
    .repartition(topics.customersFlattened, (_customer, {id}) => id)
    .toTable(topics.customers);

  const demographics = builder
    .stream(topics.demographicsCdc)
    .mapValues((change) => change.after)
    .repartition(topics.demographicsFlattened, (_demographic, {id}) => id)
    .toTable(topics.demographics);

  const customersEnriched = customers.join(
    demographics,
    (customer, demographic) => ({...customer, ...demographic}),
    topics.customersEnriched,
  );

  const products = builder
    .stream(topics.productsCdc)
    .mapValues(presentProduct)
    .repartition(topics.productsRekeyed, (_product, {product_id}) => product_id)
    .toTable(topics.products);

  const orders = orderChanges(builder, ordersDeletes).repartition(
    topics.ordersRekeyed,
    (_order, {order_id}) => order_id,
  );

  const enriched = orders
    .filter((order) => order !== null)
    .repartition(topics.ordersByProduct, (order) => order.product_id)
    .join(products, withProduct, {
      onMiss: 'wait',
      store: topics.ordersWaitingForProduct,
      id: (order) => order.order_id,
      supersededBy: orders,
    })
    .repartition(topics.ordersByCustomer, (order) => order.customer_id)
    .join(customersEnriched, withCustomer, {
      onMiss: 'wait',
      store: topics.ordersWaitingForCustomer,
      id: (order) => order.order_id,
      supersededBy: orders,
    })
    .repartition(topics.ordersByOrder, (order) => order.order_id);

  if (ordersDeletes === 'propagate') {
    orders.filter((order) => order === null).to(topics.ordersByOrder);
  }

  enriched.inSourceOrder(topics.ordersInSourceOrder).to(topics.ordersEnriched);

  return builder.build();
}

/** Every order as it was written; null, where deletes are to reach the warehouse, for one that was deleted. */
function orderChanges(
  builder: StreamsBuilder,
  ordersDeletes: OrdersTopologyOptions['ordersDeletes'],
): KStream<{readonly order_id: string}, Order | null> {
  const orders = builder.stream(topics.ordersCdc);
  return ordersDeletes === 'propagate'
    ? orders.mapValues(presentOrder)
    : orders.flatten<Order | null>(presentOrder);
}

/**
 * The seed's statements as ksqlDB runs them: NULLs and deletes do not reach the tables, every update says something,
 * and an order that misses its product or customer is gone.
 */
function ksqldbTopology(): Topology {
  const builder = new StreamsBuilder();

  const customers = builder
    .stream(topics.customersCdc)
    .flatten((change) => change.after)
    .repartition(topics.customersFlattened, (customer) => customer.id)
    .latestByKey(topics.customers);

  const demographics = builder
    .stream(topics.demographicsCdc)
    .flatten((change) => change.after)
    .repartition(topics.demographicsFlattened, (demographic) => demographic.id)
    .latestByKey(topics.demographics);

  const customersEnriched = customers.join(
    demographics,
    (customer, demographic) => ({...customer, ...demographic}),
    topics.customersEnriched,
  );

  const products = builder
    .stream(topics.productsCdc)
    .mapValues(productRow)
    .repartition(topics.productsRekeyed, (product) => product.product_id)
    .latestByKey(topics.products);

  builder
    .stream(topics.ordersCdc)
    .mapValues(orderRow)
    .repartition(topics.ordersRekeyed, (order) => order.order_id)
    .repartition(topics.ordersByProduct, (order) => order.product_id)
    .join(products, withProduct)
    .repartition(topics.ordersByCustomer, (order) => order.customer_id)
    .join(customersEnriched, withCustomer)
    .to(topics.ordersEnriched, (order) => order.order_id);

  return builder.build();
}

type CustomerEnriched = Infer<typeof topics.CustomerEnriched>;
type OrderWithProduct = Infer<typeof topics.OrderWithProduct>;
type OrderEnriched = Infer<typeof topics.OrderEnriched>;
type Product = Infer<typeof topics.Product>;
type ProductChange = Infer<typeof topics.ProductChange>;
type Order = Infer<typeof topics.Order>;
type OrderChange = Infer<typeof topics.OrderChange>;

function productRow(change: ProductChange): Product {
  const {product_id, size, product, department, price, __deleted: deleted} = change;
  return {product_id, size, product, department, price, deleted};
}

function presentProduct(change: ProductChange): Product | null {
  return change.__deleted === 'true' ? null : productRow(change);
}

function orderRow(change: OrderChange): Order {
  const {order_id, product_id, customer_id, __deleted: deleted} = change;
  return {order_id, product_id, customer_id, deleted};
}

function presentOrder(change: OrderChange): Order | null {
  return change.__deleted === 'true' ? null : orderRow(change);
}

/* Orders name their columns, as a SELECT does: on Node 20 that is fifty times faster than `{...order, ...product}`. */

function withProduct(order: Order, product: Product): OrderWithProduct {
  return {
    order_id: order.order_id,
    product_id: product.product_id,
    customer_id: order.customer_id,
    size: product.size,
    product: product.product,
    department: product.department,
    price: product.price,
  };
}

function withCustomer(order: OrderWithProduct, customer: CustomerEnriched): OrderEnriched {
  return {
    order_id: order.order_id,
    product_id: order.product_id,
    size: order.size,
    product: order.product,
    department: order.department,
    price: order.price,
    id: customer.id,
    first_name: customer.first_name,
    last_name: customer.last_name,
    email: customer.email,
    phone: customer.phone,
    street_address: customer.street_address,
    state: customer.state,
    zip_code: customer.zip_code,
    country: customer.country,
    country_code: customer.country_code,
  };
}
