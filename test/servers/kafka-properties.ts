import {saslProperties} from './kafka-security.ts';
import type {SecurityProtocol} from './kafka-security.ts';

export type KafkaRole = 'broker,controller' | 'broker' | 'controller';

/** A listener of one broker as it is configured there. */
export interface NodeListener {
  readonly name: string;
  readonly protocol: SecurityProtocol;
  readonly port: number;
  /** What clients are told to connect to; another than `port` where a proxy stands in front. */
  readonly advertisedPort: number;
  /** Whether a client has to show a certificate. */
  readonly clientAuth: boolean;
}

/** What makes one node of a cluster. */
export interface NodeConfig {
  readonly id: number;
  readonly role: KafkaRole;
  readonly dataFolder: string;
  readonly controllerPort: number;
  /** None on a mere controller. */
  readonly listeners: readonly NodeListener[];
  /** `id@host:port` of every controller of the cluster. */
  readonly voters: readonly string[];
  readonly brokerCount: number;
  /** Win over everything else. */
  readonly properties: Readonly<Record<string, string>>;
}

/** A node's server.properties: a real broker's, but small, and quick to notice a dead one. */
export function kafkaProperties(node: NodeConfig): string {
  const replicas = Math.min(3, node.brokerCount);
  const inSync = Math.max(1, replicas - 1);
  const listensAsController = node.role.includes('controller');
  const properties: Record<string, string | number | boolean> = {
    'process.roles': node.role,
    'node.id': node.id,
    'log.dirs': node.dataFolder,
    listeners: [
      ...node.listeners.map(({name, port}) => address(name, port)),
      ...(listensAsController ? [address('CONTROLLER', node.controllerPort)] : []),
    ].join(','),
    'listener.security.protocol.map': [
      'PLAINTEXT:PLAINTEXT',
      'CONTROLLER:PLAINTEXT',
      ...node.listeners.map(({name, protocol}) => `${name}:${protocol}`),
    ].join(','),
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': node.voters.join(','),
    ...(node.listeners.length > 0 && {
      'inter.broker.listener.name': 'PLAINTEXT',
      'advertised.listeners': node.listeners
        .map(({name, advertisedPort}) => address(name, advertisedPort))
        .join(','),
    }),
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'auto.create.topics.enable': false,
    'unclean.leader.election.enable': false,
    // Defaults to 3 s, which every first join of a group would wait.
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    // A killed broker's leaders move in 2 s; in 9 s by default.
    'broker.session.timeout.ms': 2000,
    'broker.heartbeat.interval.ms': 300,
    // Defaults to 128 MB of the heap, which would then be too small.
    'log.cleaner.dedupe.buffer.size': 2_097_152,
    'log.cleaner.threads': 1,
    'log.cleaner.backoff.ms': 200,
    // 30 s after its start a broker deletes what has an old timestamp: tests write records of 1970.
    'log.initial.task.delay.ms': 3_600_000,
    'num.network.threads': 2,
    'num.io.threads': 2,
    'background.threads': 2,
    ...Object.assign({}, ...node.listeners.map(listenerProperties)),
    ...node.properties,
  };
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${String(value)}\n`)
    .join('');
}

function listenerProperties(listener: NodeListener): Readonly<Record<string, string>> {
  return {
    ...(listener.protocol.startsWith('SASL') && saslProperties(listener.name)),
    ...(listener.clientAuth && {
      [`listener.name.${listener.name.toLowerCase()}.ssl.client.auth`]: 'required',
    }),
  };
}

function address(listener: string, port: number): string {
  return `${listener}://127.0.0.1:${port}`;
}
