// `npm start`: the built service. With `--demo-warehouse snowflake|databricks` the demo ends in a stand-in of that warehouse, a
// process beside it on this machine; the service knows of nothing but an address, and loads there with the vendor's own driver.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';

const args = process.argv.slice(2);
const at = args.findIndex((arg) => /^--demo-warehouse(=|$)/.test(arg));
if (at >= 0) {
  const [option, equals] = args[at].split('=');
  const warehouse = equals ?? args[at + 1];
  args.splice(at, equals === undefined ? 2 : 1);
  if (warehouse !== 'snowflake' && warehouse !== 'databricks') {
    console.error(`${option}: expected snowflake or databricks`);
    process.exit(1);
  }
  args.unshift('--config', await startStandIn(warehouse));
}
process.argv.splice(2, Infinity, 'start', ...args);
await import('../dist/main.js');

/** Starts the stand-in, which ends with this process however that ends, and resolves with a configuration for it. */
async function startStandIn(warehouse) {
  const script = fileURLToPath(new URL('./demo-warehouse.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), script, warehouse],
    // In a group of its own: Ctrl-C is for the service, whose last batch still needs the warehouse.
    {stdio: ['pipe', 'pipe', 'inherit'], detached: true},
  );
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(() => []),
  ]);
  if (line === undefined) process.exit(1);
  child.once('exit', () => {
    console.error(`the stand-in of ${warehouse} has ended`);
    process.exit(1);
  });
  // Its end is what holds the stand-in; nothing here waits for it.
  child.unref();
  child.stdin.unref?.();
  child.stdout.unref?.();
  return line;
}
