import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {systemClock} from '../../../src/common/clock.ts';
import {Conditions} from '../../../src/common/conditions.ts';
import {ServiceError} from '../../../src/common/errors.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import {PostgresSource} from '../../../src/cdc/postgres/postgres-source.ts';
import {EmbeddedKafka} from '../../../src/kafka/embedded/embedded-kafka.ts';
import {EmbeddedRegistry} from '../../../src/serde/registry/embedded-registry.ts';
import {runConnector} from '../connector-run.ts';

/**
 * Captures the tables of a database, all given as arguments, into a log of its own, until SIGTERM. Says `running` with
 * its process id, how it ended when that was by itself, and for each SIGUSR2 what it holds: `holds <bytes> <resources>`.
 */
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const [directory = '', port, database = '', tables = ''] = process.argv.slice(2);
const kafka = await EmbeddedKafka.open({directory, clock: systemClock, logger: silentLogger});
const registry = await EmbeddedRegistry.open({kafka, clock: systemClock});
const source = new PostgresSource(
  {
    name: 'soak',
    hostname: '127.0.0.1',
    port: Number(port),
    dbname: database,
    user: 'postgres',
    password: '',
    sslmode: 'disable',
    slotName: database,
    publicationName: database,
    tableIncludeList: tables.split(','),
    snapshotMode: 'initial',
  },
  {clock: systemClock, logger: silentLogger, conditions: new Conditions()},
);
const close = async (): Promise<void> => {
  await registry.close();
  await kafka.close();
};
const run = runConnector({kafka, registry, close}, source, {
  options: {slotName: database, dbname: database, valueFormat: 'JSON', lingerMs: 20},
});
process.once('SIGTERM', () => void run.stop());
process.on('SIGUSR2', () => {
  collectGarbage();
  const {heapUsed, external} = process.memoryUsage();
  process.stdout.write(`holds ${heapUsed + external} ${process.getActiveResourcesInfo().length}\n`);
});
process.stdout.write(`running ${process.pid}\n`);
try {
  await run.ended;
} catch (error) {
  process.stdout.write(`failed ${error instanceof ServiceError ? error.code : String(error)}\n`);
}
await close();
