import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {serverPort} from '../../test/support/server-port.ts';
import {makeRunFolder} from '../../test/support/run-folder.ts';
import {ServiceProcess} from '../../test/support/service-process.ts';
import {ConnectWorker} from '../peers/connect-worker.ts';
import type {PeerFiles} from '../peers/peer-files.ts';

/** Where the changes come from and go to: two tables of `database` to a topic each, `<name>.public.<table>`. */
export interface CaptureTask {
  readonly postgresPort: number;
  readonly database: string;
  readonly brokers: readonly string[];
}

/** A system that captures changes, running. */
export interface Capture {
  readonly pid: number;
  /** Keeps it from going on while changes gather, without the loss of a connection; then lets it. */
  hold(held: boolean): Promise<void>;
  log(): Promise<string>;
  stop(): Promise<void>;
}

export interface CaptureKind {
  /** Its `topic.prefix`. */
  readonly name: string;
  start(task: CaptureTask): Promise<Capture>;
}

export const TABLES = 'public.orders,public.bulk';

export interface MillraceOptions {
  /** `compression.type` */
  readonly compression: string;
  /** For a profile. */
  readonly nodeFlags: readonly string[];
}

/** The built service, of which the source runs alone. */
export function millrace({compression, nodeFlags}: MillraceOptions): CaptureKind {
  const name = 'millrace';
  return {
    name,
    start: async ({postgresPort, database, brokers}) => {
      const directory = makeRunFolder('capture');
      const port = await serverPort();
      mkdirSync(join(directory, 'data'));
      const config = {
        'data.dir': join(directory, 'data'),
        'http.listen': `127.0.0.1:${port}`,
        kafka: {'bootstrap.servers': brokers.join(','), 'compression.type': compression},
        sources: {
          bench: {
            'database.hostname': '127.0.0.1',
            'database.port': postgresPort,
            'database.dbname': database,
            'database.user': 'postgres',
            'database.password': 'unused',
            'database.sslmode': 'disable',
            'topic.prefix': name,
            'slot.name': database,
            'table.include.list': TABLES,
            'output.key.format': 'JSON',
            'output.data.format': 'JSON',
          },
        },
      };
      // YAML is a superset of JSON.
      writeFileSync(join(directory, 'millrace.yaml'), JSON.stringify(config));
      const service = new ServiceProcess(directory, port, 'cdc');
      service.start(nodeFlags);
      return {
        pid: service.pid,
        hold: (held) => Promise.resolve(held ? service.freeze() : service.resume()),
        log: () => service.log(),
        stop: async () => {
          await service.stop();
          rmSync(directory, {recursive: true, force: true});
        },
      };
    },
  };
}

/** Debezium's connector in a distributed Connect worker, exactly once, with its own defaults. */
export function debezium(files: PeerFiles): CaptureKind {
  const name = 'debezium';
  return {
    name,
    start: async ({postgresPort, database, brokers}) => {
      const directory = makeRunFolder('capture');
      const worker = await ConnectWorker.start(files, brokers, (file, text) => {
        const path = join(directory, file);
        writeFileSync(path, text);
        return path;
      });
      await worker.create(name, {
        'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
        'tasks.max': '1',
        'exactly.once.support': 'required',
        'plugin.name': 'pgoutput',
        'database.hostname': '127.0.0.1',
        'database.port': String(postgresPort),
        'database.user': 'postgres',
        'database.password': 'unused',
        'database.dbname': database,
        'topic.prefix': name,
        'slot.name': database,
        'publication.autocreate.mode': 'filtered',
        'table.include.list': TABLES,
      });
      return {
        pid: worker.pid,
        hold: (held) => worker.pause(name, held),
        log: async () => `${await worker.status(name)}\n${worker.log}`,
        stop: async () => {
          await worker.stop();
          rmSync(directory, {recursive: true, force: true});
        },
      };
    },
  };
}
