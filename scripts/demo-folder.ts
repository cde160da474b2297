export type DemoWarehouse = 'snowflake' | 'databricks';

/** Where a demo keeps its data and its configuration, under the working directory. */
export function demoFolder(warehouse: DemoWarehouse): string {
  return `data/demo-${warehouse}`;
}

/** The Delta table of the pipeline's lab, as it stands there. */
export const deltaTable = `CREATE TABLE orders_enriched (order_id STRING, 
                            product_id STRING, size STRING, product STRING, department STRING, price STRING,
                            id STRING, first_name STRING, last_name STRING, email STRING, phone STRING,
                            street_address STRING, state STRING, zip_code STRING, country STRING, country_code STRING,
                            partition INT) USING DELTA`;
