import type {CustomerRow, DemographicRow, ProductRow} from './demo-rows.ts';
import {customerRow, demographicRow, phone, price, productRow, streetAddress} from './demo-rows.ts';
import type {Random} from './random.ts';

/** A statement and the transaction of its own that it runs in. */
export interface DemoStatement {
  readonly database: 'customers' | 'products';
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** The ids that orders draw from; new ones are added. */
export interface KnownIds {
  readonly customers: string[];
  readonly products: string[];
}

/** Ids that nobody has yet. */
export interface FreshIds {
  readonly order: string;
  readonly row: string;
}

/**
 * Decides what happens next: an order each time, every tenth time with a change beside it, of a price, a phone number
 * or an address, with a new customer, or for a product that is listed only after the order.
 */
export function nextStep(random: Random, ids: KnownIds, fresh: FreshIds): readonly DemoStatement[] {
  const order = (productId: string, customerId: string): DemoStatement => ({
    database: 'products',
    sql: 'INSERT INTO products.orders VALUES ($1, $2, $3, now())',
    values: [fresh.order, productId, customerId],
  });
  const customer = pickId(random, ids.customers);
  const product = pickId(random, ids.products);
  switch (random.below(50)) {
    case 0:
      return [
        update('products.products', 'price', product, price(random)),
        order(product, customer),
      ];
    case 1:
      return [
        update('customers.customers', 'phone', customer, phone(random)),
        order(product, customer),
      ];
    case 2:
      return [
        update('customers.demographics', 'street_address', customer, streetAddress(random)),
        order(product, customer),
      ];
    case 3: {
      const row = customerRow(random, fresh.row);
      ids.customers.push(fresh.row);
      return [
        insert('customers.customers', row),
        insert('customers.demographics', demographicRow(random, fresh.row)),
        order(product, fresh.row),
      ];
    }
    case 4: {
      const row = productRow(random, fresh.row);
      ids.products.push(fresh.row);
      return [order(fresh.row, customer), insert('products.products', row)];
    }
    default:
      return [order(product, customer)];
  }
}

function pickId(random: Random, ids: readonly string[]): string {
  return ids[random.below(ids.length)] ?? '';
}

function insert(table: string, row: CustomerRow | DemographicRow | ProductRow): DemoStatement {
  const places = row.map((_, at) => `$${at + 1}`).join(', ');
  return {database: databaseOf(table), sql: `INSERT INTO ${table} VALUES (${places})`, values: row};
}

function update(table: string, column: string, id: string, value: string): DemoStatement {
  const key = table === 'products.products' ? 'product_id' : 'id';
  return {
    database: databaseOf(table),
    sql: `UPDATE ${table} SET ${column} = $2 WHERE ${key} = $1`,
    values: [id, value],
  };
}

function databaseOf(table: string): DemoStatement['database'] {
  return table.startsWith('products.') ? 'products' : 'customers';
}
