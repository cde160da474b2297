import {DatabricksServer} from '../databricks/databricks-server.ts';

/**
 * A Databricks SQL warehouse as a process of its own. It takes a port (0: any), prints how it can be reached as one line of
 * JSON, and ends with SIGTERM.
 */
const [port = '0'] = process.argv.slice(2);
const server = await DatabricksServer.start({port: Number(port)});
process.stdout.write(`${JSON.stringify(server.address)}\n`);
process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
