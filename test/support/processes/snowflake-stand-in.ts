import {SnowflakeServer} from '../snowflake/snowflake-server.ts';

/**
 * A Snowflake account as a process of its own: user `loader`, password `secret`. It takes a port (0: any) and the DuckDB
 * file for its tables (none: memory), prints its address, and ends with SIGTERM.
 */
const [port = '0', database] = process.argv.slice(2);
const server = await SnowflakeServer.start({
  port: Number(port),
  ...(database !== undefined && {database}),
});
process.stdout.write(`${server.url}\n`);
process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
