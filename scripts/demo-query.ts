import {existsSync, statSync} from 'node:fs';
import {systemClock} from '../src/common/clock.ts';
import {silentLogger} from '../src/common/logger.ts';
import {loadConfig} from '../src/config/load-config.ts';
import {rowsText} from '../src/service/welcome.ts';
import type {WarehouseRow} from '../src/service/welcome.ts';
import {databricksOptions} from '../src/service/databricks-options.ts';
import {DatabricksClient} from '../src/sinks/databricks/databricks-client.ts';
import {SnowflakeConnection} from '../src/sinks/snowflake/snowflake-connection.ts';
import {demoFolder} from './demo-folder.ts';

/* `npm run demo:query [-- "SELECT …"]`: a query of the stand-in that was started last, through the vendor's own driver. */
const [
  sql = 'SELECT order_id, product, price, first_name, last_name, email, state FROM orders_enriched ORDER BY _offset DESC LIMIT 10',
] = process.argv.slice(2);
const [file] = (['snowflake', 'databricks'] as const)
  .map((warehouse) => `${demoFolder(warehouse)}/millrace.yaml`)
  .filter((path) => existsSync(path))
  .toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
if (file === undefined) {
  process.stderr.write('start one first: npm start -- --demo-warehouse snowflake|databricks\n');
  process.exit(1);
}
const [sink] = loadConfig({file, environment: {}}).sinks;
try {
  process.stdout.write(rowsText(await query(sql)));
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

async function query(text: string): Promise<readonly WarehouseRow[]> {
  if (sink?.connector === 'databricks') {
    const options = databricksOptions(sink.databricks);
    const stagingDirectory = `${options.stagingDirectory}-query`;
    const deps = {clock: systemClock, logger: silentLogger};
    const client = await DatabricksClient.open({...options, stagingDirectory}, deps);
    try {
      return (await client.query(text)) as readonly WarehouseRow[];
    } finally {
      await client.close();
    }
  }
  if (sink?.connector !== 'snowflake') throw new Error(`${file} has no sink of a stand-in`);
  const connection = await SnowflakeConnection.open(sink.snowflake, systemClock);
  try {
    return (await connection.execute(text)).rows;
  } finally {
    await connection.close();
  }
}
