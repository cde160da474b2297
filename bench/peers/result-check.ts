import type {Databases} from '../order-tables.ts';
import {runTool} from '../../test/servers/java.ts';
import type {PeerFiles} from './peer-files.ts';

/** What `orders_enriched` holds beside what SQL over the sources says, without the probes. */
export interface ResultCheck {
  readonly orders: number;
  readonly missing: number;
  readonly doubled: number;
  /** Whether every column of every row is as in SQL. */
  readonly rowsEqual: boolean;
}

const ENRICHED_CUSTOMER = `SELECT id, first_name, last_name, email, phone, street_address, state, zip_code, country, country_code
  FROM customers.customers JOIN customers.demographics USING (id)`;

/** Each row as the sum of hashes that `java/Summarize.java` makes of it. */
const EXPECTED = `SELECT count(*)::text AS orders, coalesce(sum(('x' || left(md5(concat_ws(chr(31), o.order_id, product_id, size, product, department, price,
    c.id, first_name, last_name, email, phone, street_address, state, zip_code, country, country_code)), 16))::bit(64)::bigint), 0)::text AS sum
  FROM products.orders o JOIN products.products p USING (product_id) JOIN enriched_customer c ON c.id = o.customer_id
  WHERE o.order_id NOT LIKE 'probe-%'`;

/** Reads the whole topic again, outside of any measurement. */
export async function checkResult(
  {classpath}: PeerFiles,
  brokers: readonly string[],
  {customersDb, productsDb}: Databases,
): Promise<ResultCheck> {
  const summarize = ['-Xmx1g', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'];
  const {stdout} = await runTool('java', [
    ...summarize,
    '-cp',
    classpath,
    'Summarize',
    brokers.join(','),
  ]);
  const found = JSON.parse(stdout) as {records: number; orders: number; sum: string};
  const {rows: customers} = await customersDb.query(ENRICHED_CUSTOMER);
  await productsDb.query(`CREATE TEMP TABLE enriched_customer (id text, first_name text, last_name text, email text, phone text,
    street_address text, state text, zip_code text, country text, country_code text)`);
  await productsDb.query(
    'INSERT INTO enriched_customer SELECT * FROM json_populate_recordset(NULL::enriched_customer, $1)',
    [JSON.stringify(customers)],
  );
  const {rows} = await productsDb.query<{orders: string; sum: string}>(EXPECTED);
  const [expected] = rows;
  const orders = Number(expected?.orders);
  return {
    orders,
    missing: orders - found.orders,
    doubled: found.records - found.orders,
    rowsEqual: BigInt.asIntN(64, BigInt(expected?.sum ?? 0)) === BigInt(found.sum),
  };
}
