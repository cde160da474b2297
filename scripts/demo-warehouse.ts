import {mkdirSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {deltaTable, demoFolder} from './demo-folder.ts';
import type {DemoWarehouse} from './demo-folder.ts';

/*
 * The stand-in of a warehouse as a process of its own: writes a configuration whose sink is that warehouse, prints its path once
 * the stand-in can be reached, and ends when its standard input does. Its tables are in memory: the next start loads the
 * topic again.
 */
const [warehouse] = process.argv.slice(2) as [DemoWarehouse];
const directory = resolve(demoFolder(warehouse));
mkdirSync(directory, {recursive: true});
const {sink, title} = warehouse === 'snowflake' ? await snowflake() : await databricks();
const config = join(directory, 'millrace.yaml');
writeFileSync(
  config,
  [
    '# Written by `npm start -- --demo-warehouse`.',
    'data.dir: .',
    'sinks:',
    `  ${warehouse}:`,
    ...Object.entries({topics: 'orders_enriched', 'insert.mode': 'upsert', ...sink}).map(
      ([key, value]) => `    ${key}: ${JSON.stringify(value)}`,
    ),
    '',
  ].join('\n'),
);
process.stdout.write(`${config}\n`);
process.stderr.write(`\n  ${title}\n  its rows: npm run demo:query\n\n`);
process.stdin.resume();
process.stdin.once('end', () => process.exit(0));

interface StandIn {
  /** The sink's keys. */
  readonly sink: Readonly<Record<string, string | number>>;
  readonly title: string;
}

/** The sink makes its table itself. */
async function snowflake(): Promise<StandIn> {
  const {SnowflakeServer} = await import('../test/support/snowflake/snowflake-server.ts');
  const {url} = await SnowflakeServer.start();
  return {
    title: `a stand-in of Snowflake at ${url}, table DEMO.PUBLIC.ORDERS_ENRICHED`,
    sink: {
      connector: 'snowflake',
      account: 'demo',
      url,
      user: 'loader',
      password: 'secret',
      warehouse: 'DEMO',
      database: 'DEMO',
      schema: 'PUBLIC',
    },
  };
}

/** The table is there already, as in the lab that the pipeline is from, which creates it by hand. */
async function databricks(): Promise<StandIn> {
  const {DatabricksServer} = await import('../test/support/databricks/databricks-server.ts');
  const server = await DatabricksServer.start();
  await server.run(deltaTable);
  const {host, port, httpPath, token, ca, catalog, schema, volume} = server.address;
  const authority = join(directory, 'stand-in-ca.pem');
  writeFileSync(authority, ca);
  return {
    title: `a stand-in of Databricks at https://${host}:${port}, table ${catalog}.${schema}.orders_enriched`,
    sink: {
      connector: 'databricks',
      host,
      port,
      'http.path': httpPath,
      token,
      catalog,
      schema,
      volume,
      'ssl.ca.location': authority,
    },
  };
}
