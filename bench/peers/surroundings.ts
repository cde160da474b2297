import {rmSync} from 'node:fs';
import {Client} from 'pg';
import {KafkaCluster} from '../../test/servers/kafka-cluster.ts';
import {PostgresServer} from '../../test/support/postgres.ts';
import {makeRunFolder} from '../../test/support/run-folder.ts';
import {createTables} from '../order-tables.ts';

const POSTGRES_SETTINGS = {
  shared_buffers: '256MB',
  max_wal_size: '8GB',
  fsync: 'on',
  // Tells when an order was committed, by the server's own clock.
  track_commit_timestamp: 'on',
};

/** The collector and the heap that Kafka's own scripts give it, and the whole compiler: the small JVM of the tests would be slow for both systems. */
const BROKER_JVM_FLAGS = ['-Xmx1g', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20'];

/** A Postgres with the seed's tables and a Kafka of one broker, fresh and for one system alone. */
export class Surroundings {
  readonly folder = makeRunFolder('peers');
  readonly postgres: PostgresServer;
  readonly kafka: KafkaCluster;
  readonly customersDatabase: string;
  readonly productsDatabase: string;
  readonly customersDb: Client;
  readonly productsDb: Client;

  private constructor(
    postgres: PostgresServer,
    kafka: KafkaCluster,
    databases: readonly [string, string],
  ) {
    this.postgres = postgres;
    this.kafka = kafka;
    [this.customersDatabase, this.productsDatabase] = databases;
    [this.customersDb, this.productsDb] = databases.map(
      (database) =>
        new Client({host: '127.0.0.1', port: postgres.port, user: 'postgres', database}),
    ) as [Client, Client];
  }

  static async start(): Promise<Surroundings> {
    const postgres = await PostgresServer.start({settings: POSTGRES_SETTINGS});
    let kafka: KafkaCluster | undefined;
    try {
      kafka = await KafkaCluster.start({jvmFlags: BROKER_JVM_FLAGS});
      const databases = [
        await postgres.createDatabase('customers'),
        await postgres.createDatabase('products'),
      ] as const;
      const surroundings = new Surroundings(postgres, kafka, databases);
      await surroundings.customersDb.connect();
      await surroundings.productsDb.connect();
      await createTables(surroundings);
      return surroundings;
    } catch (error) {
      await kafka?.stop();
      await postgres.stop();
      throw error;
    }
  }

  get brokers(): readonly string[] {
    return this.kafka.brokers;
  }

  /** The postmaster, whose children are all the others. */
  async postgresPid(): Promise<number> {
    const [row] = await this.postgres.query(
      `SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int AS pid`,
    );
    return Number(row?.['pid']);
  }

  async stop(): Promise<void> {
    await Promise.all([this.customersDb.end(), this.productsDb.end()]);
    await this.kafka.stop();
    await this.postgres.stop();
    rmSync(this.folder, {recursive: true, force: true});
  }
}
