import {Client} from 'pg';
import {customerRow, demographicRow, productRow} from './demo-rows.ts';
import {customersDdl, productsDdl} from './demo-tables.ts';
import {Random} from './random.ts';

/** How to reach the demo's server. */
export interface DemoServer {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

export type DemoDatabase = 'customers' | 'products';

/** Rows of each table, the same on every machine. */
const ROWS = 1000;
const SEED = 20_260_101;

/** A connection to one of the databases; the caller ends it. */
export async function connectDemo(server: DemoServer, database: string): Promise<Client> {
  const client = new Client({host: '127.0.0.1', ...server, database});
  // Without a listener a lost connection would end the process; the next query reports it.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Creates what is missing of the two databases with their tables and rows; each is there whole, or not at all. */
export async function makeDemoDatabases(server: DemoServer): Promise<void> {
  const random = new Random(SEED);
  const customers = Array.from({length: ROWS}, () => customerRow(random, random.uuid()));
  const demographics = customers.map(([id]) => demographicRow(random, id));
  const products = Array.from({length: ROWS}, () => productRow(random, random.uuid()));
  await makeDatabase(server, 'customers', customersDdl, {
    'customers.customers': customers,
    'customers.demographics': demographics,
  });
  await makeDatabase(server, 'products', productsDdl, {'products.products': products});
}

/** A database can only be created outside of a transaction: under another name, until it is filled. */
async function makeDatabase(
  server: DemoServer,
  name: DemoDatabase,
  ddl: string,
  tables: Readonly<Record<string, readonly (readonly string[])[]>>,
): Promise<void> {
  const unfinished = `${name}_unfinished`;
  const admin = await connectDemo(server, 'postgres');
  try {
    const {rows} = await admin.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rows.length > 0) return;
    await admin.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${unfinished} STRATEGY file_copy`);
    const client = await connectDemo(server, unfinished);
    try {
      await client.query(ddl);
      for (const [table, all] of Object.entries(tables)) await insertRows(client, table, all);
    } finally {
      await client.end();
    }
    await admin.query(`ALTER DATABASE ${unfinished} RENAME TO ${name}`);
  } finally {
    await admin.end();
  }
}

async function insertRows(
  client: Client,
  table: string,
  rows: readonly (readonly string[])[],
): Promise<void> {
  const columns = (rows[0] ?? []).map((_, at) => rows.map((row) => row[at]));
  const arrays = columns.map((_, at) => `$${at + 1}::text[]`).join(', ');
  await client.query(`INSERT INTO ${table} SELECT * FROM unnest(${arrays})`, columns);
}
