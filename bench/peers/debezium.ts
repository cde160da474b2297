import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {ConnectWorker} from './connect-worker.ts';
import type {PeerFiles} from './peer-files.ts';
import type {Surroundings} from './surroundings.ts';

/** A connector for each database, as the seed has them, in one Connect worker. */
export async function startDebezium(
  files: PeerFiles,
  pollIntervalMs: number,
  surroundings: Surroundings,
): Promise<ConnectWorker> {
  const worker = await ConnectWorker.start(files, surroundings.brokers, (name, text) => {
    const file = join(surroundings.folder, name);
    writeFileSync(file, text);
    return file;
  });
  const connector = (name: string, database: string, tables: string): Record<string, string> => ({
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'tasks.max': '1',
    'exactly.once.support': 'required',
    'plugin.name': 'pgoutput',
    'database.hostname': '127.0.0.1',
    'database.port': String(surroundings.postgres.port),
    'database.user': 'postgres',
    'database.password': 'unused',
    'database.dbname': database,
    'topic.prefix': 'postgres',
    // Two connectors of one topic.prefix would have the same JMX names, and try for two minutes.
    'custom.metric.tags': `database=${name}`,
    'slot.name': database,
    'publication.name': database,
    'publication.autocreate.mode': 'filtered',
    'table.include.list': tables,
    'poll.interval.ms': String(pollIntervalMs),
  });
  const {customersDatabase, productsDatabase} = surroundings;
  await worker.create(
    'customers',
    connector('customers', customersDatabase, 'customers.customers,customers.demographics'),
  );
  await worker.create('products', {
    ...connector('products', productsDatabase, 'products.products,products.orders'),
    transforms: 'unwrap',
    'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState',
    'transforms.unwrap.delete.tombstone.handling.mode': 'rewrite',
  });
  return worker;
}
