import {ServerProcess} from '../../test/servers/server-process.ts';
import {serverPort} from '../../test/support/server-port.ts';
import type {PeerFiles} from './peer-files.ts';

type Properties = Readonly<Record<string, string>>;

/** A distributed Kafka Connect worker, the only kind whose sources are exactly once. */
export class ConnectWorker {
  readonly #server: ServerProcess;
  readonly #url: string;

  private constructor(server: ServerProcess, url: string) {
    this.#server = server;
    this.#url = url;
  }

  /** `writeFile` puts the worker's properties into a file and tells its path. */
  static async start(
    {classpath}: PeerFiles,
    brokers: readonly string[],
    writeFile: (name: string, text: string) => string,
  ): Promise<ConnectWorker> {
    const url = `http://127.0.0.1:${await serverPort()}`;
    const file = writeFile('connect.properties', propertiesText(workerProperties(brokers, url)));
    const server = await ServerProcess.start({
      name: 'Kafka Connect',
      args: [
        '-Xmx1g',
        '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
        '-cp',
        classpath,
        'org.apache.kafka.connect.cli.ConnectDistributed',
        file,
      ],
      // It answers before it has joined its group, by a refusal.
      isReady: () => answers(`${url}/connectors`),
    });
    return new ConnectWorker(server, url);
  }

  get pid(): number {
    return this.#server.pid;
  }

  get log(): string {
    return this.#server.log;
  }

  async create(name: string, connector: Properties): Promise<void> {
    const response = await fetch(`${this.#url}/connectors/${name}/config`, {
      method: 'PUT',
      headers: {'content-type': 'application/json'},
      body: JSON.stringify(connector),
    });
    if (!response.ok) throw new Error(`connector ${name}: ${await response.text()}`);
  }

  /** Keeps the connector's task from handing on more, or lets it go on; its connections stay. */
  async pause(name: string, paused: boolean): Promise<void> {
    const action = paused ? 'pause' : 'resume';
    const response = await fetch(`${this.#url}/connectors/${name}/${action}`, {method: 'PUT'});
    if (!response.ok) throw new Error(`connector ${name}: ${await response.text()}`);
  }

  /** What it says of a connector and its task, stack trace of a failure included. */
  async status(name: string): Promise<string> {
    return (await fetch(`${this.#url}/connectors/${name}/status`)).text();
  }

  stop(): Promise<void> {
    return this.#server.end('SIGKILL');
  }
}

function workerProperties(brokers: readonly string[], url: string): Properties {
  return {
    'bootstrap.servers': brokers.join(','),
    listeners: url,
    'group.id': 'peers-connect',
    'config.storage.topic': 'connect-configs',
    'offset.storage.topic': 'connect-offsets',
    'status.storage.topic': 'connect-status',
    'config.storage.replication.factor': '1',
    'offset.storage.replication.factor': '1',
    'status.storage.replication.factor': '1',
    'offset.storage.partitions': '1',
    'status.storage.partitions': '1',
    'exactly.once.source.support': 'enabled',
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'key.converter.schemas.enable': 'false',
    'value.converter.schemas.enable': 'false',
    'plugin.discovery': 'hybrid_warn',
  };
}

function propertiesText(properties: Properties): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    // Not yet listening.
    return false;
  }
}
