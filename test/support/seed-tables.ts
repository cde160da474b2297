import type {Client} from 'pg';

/** The four tables of the pipeline with customer `c1`, their demographics and product `p1`; no orders. */
export async function createSeedTables({
  customersDb,
  productsDb,
}: {
  readonly customersDb: Client;
  readonly productsDb: Client;
}): Promise<void> {
  await customersDb.query(`
    CREATE SCHEMA customers;
    CREATE TABLE customers.customers (id varchar(255) PRIMARY KEY, first_name varchar(255), last_name varchar(255), email varchar(255), phone varchar(255));
    CREATE TABLE customers.demographics (id varchar(255) PRIMARY KEY, street_address varchar(255), state varchar(255), zip_code varchar(255), country varchar(255), country_code varchar(255));
    INSERT INTO customers.customers VALUES ('c1', 'Ada', 'Lovelace', 'ada@example.com', '555');
    INSERT INTO customers.demographics VALUES ('c1', '1 Main St', 'CA', '94105', 'US', 'US');`);
  await productsDb.query(`
    CREATE SCHEMA products;
    CREATE TABLE products.products (product_id varchar(255) PRIMARY KEY, size varchar(255), product varchar(255), department varchar(255), price varchar(255));
    CREATE TABLE products.orders (order_id varchar(255) PRIMARY KEY, product_id varchar(255), customer_id varchar(255));
    INSERT INTO products.products VALUES ('p1', '42', 'Shoe', 'Sports', '$9.99');`);
}
