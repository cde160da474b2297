import {rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {makeRunFolder} from '../support/run-folder.ts';
import {serverPort} from '../support/server-port.ts';
import {TcpProxy} from '../support/tcp-proxy.ts';
import {makeCertificates} from './certificates.ts';
import type {Certificates} from './certificates.ts';
import {KafkaNode} from './kafka-node.ts';
import type {KafkaRole, NodeListener} from './kafka-properties.ts';
import {authorizerProperties} from './kafka-security.ts';
import type {SecurityProtocol} from './kafka-security.ts';
import {kafkaUuid} from './kafka-uuid.ts';
import {prepareServers} from './prepare-servers.ts';
import {warmUp} from './warm-up.ts';

/** A listener that each broker has beside PLAINTEXT. */
export interface ClusterListener {
  readonly protocol: SecurityProtocol;
  /** Whether a client has to show a certificate. */
  readonly clientAuth?: boolean;
  /** Whether a {@link TcpProxy} stands in front, and is what clients are told to connect to. */
  readonly proxied?: boolean;
}

export interface KafkaClusterOptions {
  /** One JVM per entry, node ids from 1; one broker that is its own controller by default. */
  readonly roles?: readonly KafkaRole[];
  /** Further server properties, of every node. */
  readonly properties?: Readonly<Record<string, string>>;
  /** By name: `{SECURE: {protocol: 'SASL_SSL'}}`. */
  readonly listeners?: Readonly<Record<string, ClusterListener>>;
  /** Whether clients need ACLs; not those of PLAINTEXT, who may do everything. */
  readonly authorizer?: boolean;
  /** Of every JVM; those of a small one that starts fast without. */
  readonly jvmFlags?: readonly string[];
}

const PLAINTEXT = 'PLAINTEXT';

/**
 * A real Apache Kafka on 127.0.0.1, a formatted KRaft cluster in a folder of its own, whose coordinators answer. It dies with this
 * process, on Linux also when this process is killed.
 *
 * Kill brokers that are no controllers, and the quorum never moves: `roles: ['broker,controller', 'broker', 'broker']`.
 */
export class KafkaCluster {
  readonly #folder: string;
  readonly #nodes: readonly KafkaNode[];
  readonly #proxies: ReadonlyMap<string, TcpProxy>;
  readonly #certificates: Certificates | undefined;

  private constructor(
    folder: string,
    nodes: readonly KafkaNode[],
    proxies: ReadonlyMap<string, TcpProxy>,
    certificates: Certificates | undefined,
  ) {
    this.#folder = folder;
    this.#nodes = nodes;
    this.#proxies = proxies;
    this.#certificates = certificates;
  }

  static async start({
    roles = ['broker,controller'],
    properties = {},
    listeners = {},
    authorizer = false,
    jvmFlags,
  }: KafkaClusterOptions = {}): Promise<KafkaCluster> {
    const files = (await prepareServers()).kafka;
    const folder = makeRunFolder('kafka');
    const hasTls = Object.values(listeners).some(({protocol}) => protocol.endsWith('SSL'));
    const certificates = hasTls ? await makeCertificates() : undefined;
    const proxies = new Map<string, TcpProxy>();
    const controllerPorts = await Promise.all(roles.map(() => serverPort()));
    const ofAll = {
      voters: controllerPorts.flatMap((port, index) =>
        roles[index]?.includes('controller') === true ? [`${index + 1}@127.0.0.1:${port}`] : [],
      ),
      brokerCount: roles.filter((role) => role.includes('broker')).length,
      properties: {
        ...(certificates && tlsProperties(folder, certificates)),
        ...(authorizer && authorizerProperties),
        ...properties,
      },
    };
    const clusterId = kafkaUuid();
    const nodes: KafkaNode[] = [];
    for (const [index, role] of roles.entries()) {
      const config = {
        ...ofAll,
        id: index + 1,
        role,
        dataFolder: join(folder, String(index + 1)),
        controllerPort: controllerPorts[index] ?? 0,
        listeners: role.includes('broker') ? await open(index + 1, listeners, proxies) : [],
      };
      nodes.push(new KafkaNode(config, clusterId, files, jvmFlags));
    }
    const cluster = new KafkaCluster(folder, nodes, proxies, certificates);
    try {
      await Promise.all(nodes.map((node) => node.start()));
      await warmUp(cluster.brokers);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** `bootstrap.servers` of the listener without security. */
  get brokers(): readonly string[] {
    return this.brokersOf(PLAINTEXT);
  }

  /** `bootstrap.servers` of a listener; its proxies' addresses where it has them. */
  brokersOf(listener: string): readonly string[] {
    const addresses = this.#nodes.flatMap(({config}) =>
      config.listeners
        .filter(({name}) => name === listener)
        .map(({advertisedPort}) => `127.0.0.1:${advertisedPort}`),
    );
    if (addresses.length === 0) throw new Error(`no broker listens as ${listener}`);
    return addresses;
  }

  /** What clients of listeners with TLS need. */
  get certificates(): Certificates {
    if (this.#certificates === undefined) throw new Error('the cluster has no listener with TLS');
    return this.#certificates;
  }

  /** What stands in front of a broker's listener that is `proxied`. */
  proxyOf(id: number, listener: string): TcpProxy {
    const proxy = this.#proxies.get(`${id} ${listener}`);
    if (proxy === undefined) throw new Error(`node ${id} has no proxied listener ${listener}`);
    return proxy;
  }

  pidOf(id: number): number {
    return this.#node(id).pid;
  }

  /** The end of what a node has logged: errors. */
  logOf(id: number): string {
    return this.#node(id).log;
  }

  /** The file that holds the records of a partition on one node, while they are few. */
  logFileOf(id: number, {topic, partition}: {topic: string; partition: number}): string {
    return join(this.#node(id).config.dataFolder, `${topic}-${partition}`, `${'0'.repeat(20)}.log`);
  }

  /** `kill -9`; resolves when the process is gone. */
  async kill(id: number): Promise<void> {
    await this.#node(id).end('SIGKILL');
  }

  /** SIGSTOP: its connections stay open and nothing answers. */
  freeze(id: number): void {
    this.#node(id).freeze();
  }

  resume(id: number): void {
    this.#node(id).resume();
  }

  /** On the same ports and data, after `kill -9` if it runs. */
  async restart(id: number): Promise<void> {
    await this.kill(id);
    await this.#node(id).start();
  }

  /** Kills every node, for one whose controller has gone would not end in peace, and removes the data. */
  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.end('SIGKILL')));
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.stop()));
    rmSync(this.#folder, {recursive: true, force: true});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #node(id: number): KafkaNode {
    const node = this.#nodes[id - 1];
    if (node === undefined) throw new Error(`the cluster has no node ${id}`);
    return node;
  }
}

/** Ports for a broker's listeners, and the proxies in front of them. */
async function open(
  id: number,
  listeners: Readonly<Record<string, ClusterListener>>,
  proxies: Map<string, TcpProxy>,
): Promise<readonly NodeListener[]> {
  const opened: NodeListener[] = [];
  const plaintext: ClusterListener = {protocol: 'PLAINTEXT'};
  for (const [name, listener] of Object.entries({[PLAINTEXT]: plaintext, ...listeners})) {
    const {protocol, clientAuth = false, proxied = false} = listener;
    const port = await serverPort();
    const proxy = proxied ? await TcpProxy.start(port) : undefined;
    if (proxy !== undefined) proxies.set(`${id} ${name}`, proxy);
    opened.push({name, protocol, port, advertisedPort: proxy?.port ?? port, clientAuth});
  }
  return opened;
}

function tlsProperties(
  folder: string,
  {authority, server}: Certificates,
): Readonly<Record<string, string>> {
  const keyStore = join(folder, 'server.pem');
  const trustStore = join(folder, 'authority.pem');
  writeFileSync(keyStore, `${server.key.trim()}\n${server.certificate.trim()}\n`);
  writeFileSync(trustStore, authority);
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keyStore,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': trustStore,
  };
}
