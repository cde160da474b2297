import type {Client} from 'pg';

/** Customers, their demographics, and products: so many of each. */
export const DIMENSION = 1000;

/** How many rows there are. */
export interface Dimensions {
  readonly customers: number;
  readonly products: number;
}

export interface Databases {
  readonly customersDb: Client;
  readonly productsDb: Client;
}

/** The seed's four tables, and the rows of all but the orders. */
export async function createTables(
  {customersDb, productsDb}: Databases,
  {customers, products}: Dimensions = {customers: DIMENSION, products: DIMENSION},
): Promise<void> {
  await customersDb.query(`
    CREATE SCHEMA customers;
    CREATE TABLE customers.customers (id varchar(255) PRIMARY KEY, first_name varchar(255), last_name varchar(255), email varchar(255), phone varchar(255));
    CREATE TABLE customers.demographics (id varchar(255) PRIMARY KEY, street_address varchar(255), state varchar(255), zip_code varchar(255), country varchar(255), country_code varchar(255));
    INSERT INTO customers.customers SELECT 'customer-' || n, 'First' || n, 'Lastname' || n, 'first.lastname' || n || '@example.com', '555-012-' || n FROM generate_series(0, ${customers - 1}) n;
    INSERT INTO customers.demographics SELECT 'customer-' || n, n || ' Quincy Center', 'Massachusetts', '02119', 'United States', 'US' FROM generate_series(0, ${customers - 1}) n;`);
  await productsDb.query(`
    CREATE SCHEMA products;
    CREATE TABLE products.products (product_id varchar(255) PRIMARY KEY, size varchar(255), product varchar(255), department varchar(255), price varchar(255));
    CREATE TABLE products.orders (order_id varchar(255) PRIMARY KEY, product_id varchar(255), customer_id varchar(255), create_time timestamp DEFAULT now());
    INSERT INTO products.products SELECT 'product-' || n, 'XL', 'Wine - White, Bin ' || n, 'Outdoors', '$' || n || '.20' FROM generate_series(0, ${products - 1}) n;`);
}
