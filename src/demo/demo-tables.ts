/** The tables of the `customers` database. */
export const customersDdl = `
CREATE SCHEMA customers;
CREATE TABLE customers.customers (
  id varchar(255) PRIMARY KEY,
  first_name varchar(255), last_name varchar(255), email varchar(255), phone varchar(255)
);
CREATE TABLE customers.demographics (
  id varchar(255) PRIMARY KEY,
  street_address varchar(255), state varchar(255), zip_code varchar(255), country varchar(255), country_code varchar(255)
);`;

/** The tables of the `products` database. Orders name customers of the other one. */
export const productsDdl = `
CREATE SCHEMA products;
CREATE TABLE products.products (
  product_id varchar(255) PRIMARY KEY,
  size varchar(255), product varchar(255), department varchar(255), price varchar(255)
);
CREATE TABLE products.orders (
  order_id varchar(255) PRIMARY KEY,
  product_id varchar(255), customer_id varchar(255), create_time timestamp
);`;
