-- The second database of the pipeline in src/topology.ts. Runs once, on an empty volume.
CREATE SCHEMA products;
CREATE TABLE products.products (
  product_id varchar(255) PRIMARY KEY,
  size varchar(255), product varchar(255), department varchar(255), price varchar(255)
);
-- Whom orders may name, for whoever writes them.
CREATE TABLE products.customers (
  id varchar(255) PRIMARY KEY,
  first_name varchar(255), last_name varchar(255), email varchar(255), phone varchar(255)
);
CREATE TABLE products.orders (
  order_id varchar(255) PRIMARY KEY,
  product_id varchar(255), customer_id varchar(255), create_time timestamp
);
INSERT INTO products.products
  SELECT 'p' || n, 'XL', 'Ergonomic Copper Jacket', 'Outdoors', '$' || n || '.69'
  FROM generate_series(1, 1000) AS n;
INSERT INTO products.customers (id) SELECT 'c' || n FROM generate_series(1, 1000) AS n;
INSERT INTO products.orders
  SELECT 'o' || n, 'p' || 1 + n * 7 % 1000, 'c' || 1 + n * 13 % 1000, now()
  FROM generate_series(1, 1000) AS n;
