-- What the pipeline of src/topology.ts reads: two databases with two tables each.
CREATE DATABASE customers;
CREATE DATABASE products;

\connect customers
CREATE SCHEMA customers;
CREATE TABLE customers.customers (id varchar(255) PRIMARY KEY, first_name varchar(255), last_name varchar(255), email varchar(255), phone varchar(255));
CREATE TABLE customers.demographics (id varchar(255) PRIMARY KEY, street_address varchar(255), state varchar(255), zip_code varchar(255), country varchar(255), country_code varchar(255));
INSERT INTO customers.customers VALUES ('c1', 'Kofi', 'Larsen', 'kofi.larsen@example.com', '555-012-0001');
INSERT INTO customers.demographics VALUES ('c1', '1 Quincy Center', 'Massachusetts', '02119', 'United States', 'US');

\connect products
CREATE SCHEMA products;
CREATE TABLE products.products (product_id varchar(255) PRIMARY KEY, size varchar(255), product varchar(255), department varchar(255), price varchar(255));
CREATE TABLE products.orders (order_id varchar(255) PRIMARY KEY, product_id varchar(255), customer_id varchar(255), create_time timestamp DEFAULT now());
INSERT INTO products.products VALUES ('p1', 'XL', 'Ergonomic Copper Jacket', 'Outdoors', '$154.69');
INSERT INTO products.orders (order_id, product_id, customer_id) VALUES ('o1', 'p1', 'c1');
