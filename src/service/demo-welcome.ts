import type {Clock} from '../common/clock.ts';
import type {Component} from '../common/component.ts';
import type {Config} from '../config/config.ts';
import type {SinkConfig} from '../config/sink-config.ts';
import type {DemoServer} from '../demo/demo-databases.ts';
import {DuckDbSink} from '../sinks/duckdb/duckdb-sink.ts';
import type {WarehouseSink} from '../sinks/warehouse-sink.ts';
import {Welcome} from './welcome.ts';
import type {WarehouseRow} from './welcome.ts';

const TOPIC = 'orders_enriched';
const COLUMNS = 'order_id, product, price, first_name, last_name, email, state';
const ROWS = 5;

/** What the demo greets with, over the sinks that it runs with. */
export function demoWelcome(
  url: string,
  {dataDirectory}: Config,
  {port, user}: DemoServer,
  sinks: readonly {readonly sink: SinkConfig; readonly warehouse: WarehouseSink}[],
  clock: Clock,
): Component {
  const found = sinks.find(({sink}) => sink.topics.includes(TOPIC));
  return new Welcome({
    places: [
      ['page', `${url}/`],
      ['status', `${url}/api/status`],
      ['metrics', `${url}/metrics`],
      ['topology', `${url}/topology`],
      [
        'postgres',
        `127.0.0.1:${port}, databases customers and products, user ${user}, password in ${dataDirectory}/postgres/password`,
      ],
      ...(found === undefined
        ? []
        : [['warehouse', `${placeOf(found.sink)}, table ${TOPIC}`] as const]),
      ['data', dataDirectory],
    ],
    firstRows: async () => (found === undefined ? [] : newestRows(found.warehouse)),
    clock,
    print: (text) => {
      process.stdout.write(text);
    },
  });
}

function placeOf(sink: SinkConfig): string {
  if (sink.connector === 'duckdb') return `${sink.database} (DuckDB)`;
  if (sink.connector === 'databricks') {
    const {catalog, schema, host} = sink.databricks;
    return `${catalog}.${schema} (Databricks ${host})`;
  }
  const {account, database, schema} = sink.snowflake;
  return `${database}.${schema} (Snowflake ${account})`;
}

/** None of a warehouse in the cloud. The table is there once the sink has opened its first partition. */
async function newestRows(warehouse: WarehouseSink): Promise<readonly WarehouseRow[]> {
  if (!(warehouse instanceof DuckDbSink)) return [];
  const tables = await warehouse.query(
    `SELECT 1 FROM duckdb_tables() WHERE table_name = '${TOPIC}'`,
  );
  if (tables.length === 0) return [];
  const sql = `SELECT ${COLUMNS} FROM ${TOPIC} ORDER BY _offset DESC LIMIT ${ROWS}`;
  return (await warehouse.query(sql)) as readonly WarehouseRow[];
}
