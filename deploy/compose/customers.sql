-- The first database of the pipeline in src/topology.ts. Runs once, on an empty volume.
CREATE SCHEMA customers;
CREATE TABLE customers.customers (
  id varchar(255) PRIMARY KEY,
  first_name varchar(255), last_name varchar(255), email varchar(255), phone varchar(255)
);
CREATE TABLE customers.demographics (
  id varchar(255) PRIMARY KEY,
  street_address varchar(255), state varchar(255), zip_code varchar(255), country varchar(255), country_code varchar(255)
);
INSERT INTO customers.customers
  SELECT 'c' || n, 'Kofi', 'Larsen', 'kofi.larsen' || n || '@example.com', '617-555-01' || lpad((n % 100)::text, 2, '0')
  FROM generate_series(1, 1000) AS n;
INSERT INTO customers.demographics
  SELECT 'c' || n, n || ' Quarry Lane', 'Massachusetts', '02119', 'United States', 'US'
  FROM generate_series(1, 1000) AS n;
