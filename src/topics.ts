import {envelope} from './serde/debezium.ts';
import {json, jsonSr, kafka} from './serde/format.ts';
import {notNull, struct, varchar} from './serde/schema.ts';
import {sourceOrderTopic} from './streams/dsl/source-order-topic.ts';
import {waitingTopic} from './streams/dsl/waiting-topic.ts';
import {internalTopic, topic} from './streams/topic.ts';

/* Rows */

const id = notNull(varchar());

export const Customer = struct({
  id,
  first_name: varchar(),
  last_name: varchar(),
  email: varchar(),
  phone: varchar(),
});

export const Demographic = struct({
  id,
  street_address: varchar(),
  state: varchar(),
  zip_code: varchar(),
  country: varchar(),
  country_code: varchar(),
});

export const CustomerEnriched = struct({...Customer.fields, ...Demographic.fields});

const productColumns = {
  product_id: id,
  size: varchar(),
  product: varchar(),
  department: varchar(),
  price: varchar(),
};

const orderColumns = {
  order_id: id,
  product_id: varchar(),
  customer_id: varchar(),
};

/** A source row as `after.state.only: true` lays it out; `__deleted` is "true" once it was deleted. */
export const ProductChange = struct({...productColumns, __deleted: varchar()});
export const OrderChange = struct({...orderColumns, __deleted: varchar()});

export const Product = struct({...productColumns, deleted: varchar()});
export const Order = struct({...orderColumns, deleted: varchar()});
export const OrderWithProduct = struct({...orderColumns, ...productColumns});
export const OrderEnriched = struct({order_id: id, ...productColumns, ...CustomerEnriched.fields});

/* Topics that src/cdc writes */

export const customersCdc = topic('postgres.customers.customers', {
  key: jsonSr(struct({id})),
  value: jsonSr(envelope(Customer)),
});

export const demographicsCdc = topic('postgres.customers.demographics', {
  key: jsonSr(struct({id})),
  value: jsonSr(envelope(Demographic)),
});

export const productsCdc = topic('postgres.products.products', {
  key: json(struct({product_id: id})),
  value: jsonSr(ProductChange),
});

export const ordersCdc = topic('postgres.products.orders', {
  key: json(struct({order_id: id})),
  value: jsonSr(OrderChange),
});

/* Topics of the topology */

export const customersFlattened = topic('customers_flattened', {
  key: jsonSr(id),
  value: jsonSr(Customer),
});
export const customers = topic('customers', {key: jsonSr(id), value: jsonSr(Customer)});

export const demographicsFlattened = topic('demographics_flattened', {
  key: jsonSr(id),
  value: jsonSr(Demographic),
});
export const demographics = topic('demographics', {key: jsonSr(id), value: jsonSr(Demographic)});

export const customersEnriched = topic('customers_enriched', {
  key: jsonSr(id),
  value: jsonSr(CustomerEnriched),
});

export const productsRekeyed = topic('products_rekeyed', {key: kafka(id), value: jsonSr(Product)});
export const products = topic('products', {key: jsonSr(id), value: jsonSr(Product)});

export const ordersRekeyed = topic('orders_rekeyed', {key: kafka(id), value: jsonSr(Order)});

/** Keyed as `products_rekeyed` is, so that an order meets its product. */
export const ordersByProduct = internalTopic('orders-by-product', {
  key: kafka(id),
  value: jsonSr(Order),
});
export const ordersWaitingForProduct = waitingTopic('orders-waiting-for-product', Order);

/** Keyed as `customers_flattened` is, so that an order meets its customer. */
export const ordersByCustomer = internalTopic('orders-by-customer', {
  key: jsonSr(id),
  value: jsonSr(OrderWithProduct),
});
export const ordersWaitingForCustomer = waitingTopic(
  'orders-waiting-for-customer',
  OrderWithProduct,
);

/** Keyed as `orders_rekeyed` is: versions of an order that took different ways meet again. */
export const ordersByOrder = internalTopic('orders-by-order', {
  key: kafka(id),
  value: jsonSr(OrderEnriched),
});
export const ordersInSourceOrder = sourceOrderTopic('orders-in-source-order', kafka(id));

export const ordersEnriched = topic('orders_enriched', {
  key: json(id),
  value: jsonSr(OrderEnriched),
});
