import type {Clock} from '../../../common/clock.ts';
import {FatalError, RetriableError, messageOf} from '../../../common/errors.ts';
import type {TopicPartition} from '../../client.ts';
import type {ApiRequest} from '../protocol/api-request.ts';
import {errorCode, isCoordinatorMove, isLeaderMove, isRetriable} from '../protocol/error-code.ts';
import {findCoordinatorRequest} from '../protocol/find-coordinator.ts';
import type {CoordinatorType} from '../protocol/find-coordinator.ts';
import {metadataRequest} from '../protocol/metadata.ts';
import type {BrokerAddress, PartitionMetadata, TopicMetadata} from '../protocol/metadata.ts';
import {BrokerConnection} from './broker-connection.ts';
import {BrokerError, ConnectionLostError, deniedError} from './broker-error.ts';
import type {ConnectionOptions} from './connection-options.ts';
import {Reachability} from './reachability.ts';

export interface ClusterOptions extends ConnectionOptions {
  readonly bootstrapServers: readonly string[];
  /** How long a request is repeated before it fails (`default.api.timeout.ms`). */
  readonly apiTimeoutMs: number;
  /** Metadata older than this is read again (`metadata.max.age.ms`). */
  readonly metadataMaxAgeMs: number;
  readonly clock: Clock;
}

export interface RetryOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for an error that is known to pass soon. */
  readonly backoffFor?: (error: unknown) => number | undefined;
}

/** A repeated attempt waits this long at first, and twice as long each time, up to the second. */
const BACKOFF_MS = {first: 10, last: 500};

/** Connections for what is answered at once. */
const CONTROL = 'control';

interface KnownTopic extends TopicMetadata {
  readonly byPartition: ReadonlyMap<number, PartitionMetadata>;
}

/**
 * What is known of the cluster (brokers, leaders, coordinators), and the connections to it.
 *
 * A connection belongs to a lane: one use, whose requests may wait for each other.
 */
export class Cluster {
  /** Sees all that is sent. */
  readonly reachability: Reachability;
  readonly #options: ClusterOptions;
  readonly #connections = new Map<string, BrokerConnection>();
  readonly #coordinators = new Map<string, number>();
  readonly #topics = new Map<string, KnownTopic>();
  #brokers = new Map<number, BrokerAddress>();
  #controllerId = -1;
  #refreshedAt = -Infinity;
  #refreshing: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.reachability = new Reachability(options.clock);
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  get apiTimeoutMs(): number {
    return this.#options.apiTimeoutMs;
  }

  /** Sends to this broker on the lane's own connection. */
  async send<T>(lane: string, nodeId: number, request: ApiRequest<T>): Promise<T> {
    const broker = this.#brokers.get(nodeId);
    if (broker === undefined) throw new ConnectionLostError(`broker ${nodeId} is not known`);
    return this.#send(lane, broker, request);
  }

  /** Sends to whichever broker answers. */
  async sendToAny<T>(request: ApiRequest<T>): Promise<T> {
    let last: unknown;
    for (const broker of this.#candidates()) {
      try {
        return await this.#send(CONTROL, broker, request);
      } catch (error) {
        if (!(error instanceof ConnectionLostError)) throw error;
        last = error;
      }
    }
    throw last;
  }

  sendToController<T>(request: ApiRequest<T>): Promise<T> {
    return this.send(CONTROL, this.#controllerId, request);
  }

  /** Sends to the coordinator of a group or transactional id, which is looked up when it is not known. */
  async sendToCoordinator<T>(
    lane: string,
    type: CoordinatorType,
    key: string,
    request: ApiRequest<T>,
  ): Promise<T> {
    const name = `${type} ${key}`;
    let nodeId = this.#coordinators.get(name);
    if (nodeId === undefined) {
      const found = await this.sendToAny(findCoordinatorRequest(type, key));
      check(found.error, `looking for the coordinator of ${name}`);
      ({nodeId} = found);
      this.#brokers.set(nodeId, found);
      this.#coordinators.set(name, nodeId);
    }
    try {
      return await this.send(lane, nodeId, request);
    } catch (error) {
      if (error instanceof ConnectionLostError) this.#coordinators.delete(name);
      throw error;
    }
  }

  /** The coordinator has said that it is none. */
  forgetCoordinator(type: CoordinatorType, key: string): void {
    this.#coordinators.delete(`${type} ${key}`);
  }

  /** The leader as far as is known; undefined while there is none, or the metadata is to be read first. */
  leaderOf({topic, partition}: TopicPartition): PartitionMetadata | undefined {
    const known = this.#topics.get(topic)?.byPartition.get(partition);
    return known === undefined || known.leader < 0 ? undefined : known;
  }

  /** The items by the broker that leads their partition; under undefined those without a leader, as far as is known. */
  byLeader<T>(
    items: readonly T[],
    of: (item: T) => TopicPartition,
  ): ReadonlyMap<number | undefined, readonly T[]> {
    const leaders = new Map<number | undefined, T[]>();
    for (const item of items) {
      const leader = this.leaderOf(of(item))?.leader;
      const known = leaders.get(leader);
      if (known === undefined) leaders.set(leader, [item]);
      else known.push(item);
    }
    return leaders;
  }

  topicIdOf(topic: string): string | undefined {
    return this.#topics.get(topic)?.topicId;
  }

  topic(name: string): TopicMetadata | undefined {
    return this.#topics.get(name);
  }

  /** True when it is time to ask again though nothing has failed. */
  get isStale(): boolean {
    return this.clock.now() - this.#refreshedAt >= this.#options.metadataMaxAgeMs;
  }

  /** Reads the metadata of these topics and of those that are known already. */
  async refresh(topics: readonly string[] = []): Promise<void> {
    const added = topics.filter((topic) => !this.#topics.has(topic));
    if (added.length === 0) {
      this.#refreshing ??= this.#read([...this.#topics.keys()]).finally(() => {
        this.#refreshing = undefined;
      });
      return this.#refreshing;
    }
    return this.#read([...this.#topics.keys(), ...added]);
  }

  /** Reads the metadata of all topics of the cluster, without remembering them. */
  async allTopics(): Promise<readonly TopicMetadata[]> {
    return (await this.sendToAny(metadataRequest(null))).topics;
  }

  /** Topics that are no longer asked for. */
  forgetTopics(topics: readonly string[]): void {
    for (const topic of topics) this.#topics.delete(topic);
  }

  /**
   * Repeats `attempt` while it fails for a reason that passes.
   *
   * @throws RetriableError KAFKA_UNREACHABLE after `default.api.timeout.ms`; other errors as they are; the signal's reason.
   */
  async retry<T>(
    doing: string,
    attempt: () => Promise<T>,
    {signal, backoffFor}: RetryOptions = {},
  ): Promise<T> {
    const started = this.clock.now();
    let backoff: number = BACKOFF_MS.first;
    for (;;) {
      signal?.throwIfAborted();
      try {
        return await attempt();
      } catch (error) {
        if (!isPassing(error) || this.#isClosed) throw error;
        if (this.clock.now() - started >= this.#options.apiTimeoutMs) {
          throw this.unreachable(doing, error);
        }
        const short = backoffFor?.(error);
        if (short === undefined) await this.#learn(error);
        await this.clock.sleep(short ?? backoff, signal);
        if (short === undefined) backoff = Math.min(backoff * 2, BACKOFF_MS.last);
      }
    }
  }

  /** Ends the connections of one lane. */
  async closeLane(lane: string): Promise<void> {
    const prefix = `${lane} `;
    const closing = [...this.#connections].filter(([name]) => name.startsWith(prefix));
    await Promise.all(
      closing.map(([name, connection]) => {
        this.#connections.delete(name);
        return connection.close();
      }),
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const connections = [...this.#connections.values()];
    this.#connections.clear();
    await Promise.all(connections.map((connection) => connection.close()));
  }

  #send<T>(
    lane: string,
    {host, port}: {readonly host: string; readonly port: number},
    request: ApiRequest<T>,
  ): Promise<T> {
    const connection = this.#connection(lane, host, port);
    return this.reachability.observe(request.waitMs ?? 0, () => connection.send(request));
  }

  #connection(lane: string, host: string, port: number): BrokerConnection {
    if (this.#isClosed) throw new ConnectionLostError('the client is closed');
    const name = `${lane} ${host}:${port}`;
    const known = this.#connections.get(name);
    if (known !== undefined) return known;
    const connection = new BrokerConnection(host, port, this.#options);
    this.#connections.set(name, connection);
    return connection;
  }

  *#candidates(): Generator<{host: string; port: number}> {
    yield* this.#brokers.values();
    for (const server of this.#options.bootstrapServers) {
      const colon = server.lastIndexOf(':');
      yield {host: server.slice(0, colon), port: Number(server.slice(colon + 1))};
    }
  }

  async #read(topics: readonly string[]): Promise<void> {
    const response = await this.sendToAny(metadataRequest(topics));
    if (response.brokers.length === 0) {
      throw new BrokerError(errorCode.networkException, 'reading metadata', 'it names no broker');
    }
    this.#brokers = new Map(response.brokers.map((broker) => [broker.nodeId, broker]));
    this.#controllerId = response.controllerId;
    this.#refreshedAt = this.clock.now();
    for (const topic of response.topics) {
      const denied = deniedError(topic.error, `reading the metadata of topic ${topic.name}`);
      if (denied !== undefined) throw denied;
      if (topic.error === errorCode.unknownTopicOrPartition) {
        this.#topics.delete(topic.name);
        continue;
      }
      const byPartition = new Map(topic.partitions.map((item) => [item.partition, item]));
      this.#topics.set(topic.name, {...topic, byPartition});
    }
  }

  /** Finds out what may have changed since the attempt that failed. */
  async #learn(error: unknown): Promise<void> {
    const hasMoved =
      error instanceof ConnectionLostError ||
      (error instanceof BrokerError &&
        (isLeaderMove(error.code) || error.code === errorCode.notController));
    if (!hasMoved) return;
    try {
      await this.refresh();
    } catch (cause) {
      // The next attempt meets it itself.
      if (cause instanceof FatalError) throw cause;
    }
  }

  /** What `default.api.timeout.ms` of failures of this kind mean. */
  unreachable(doing: string, error: unknown): RetriableError {
    const {bootstrapServers, apiTimeoutMs} = this.#options;
    return new RetriableError(
      'KAFKA_UNREACHABLE',
      `Kafka at ${bootstrapServers.join(', ')}: ${doing} did not succeed within ${apiTimeoutMs} ms (${messageOf(error)}); check bootstrap.servers, the brokers and the network`,
      {cause: error},
    );
  }
}

export interface CheckOptions {
  /** What the broker has added. */
  readonly detail?: string | null;
  /** The ACL on the topic that it takes; without it, those of reading and writing. */
  readonly topicOperation?: string;
}

/** @throws BrokerError or, for what only a person can mend, FatalError, unless the code is 0. */
export function check(
  code: number,
  doing: string,
  {detail, topicOperation}: CheckOptions = {},
): void {
  if (code === errorCode.none) return;
  throw deniedError(code, doing, topicOperation) ?? new BrokerError(code, doing, detail);
}

function isPassing(error: unknown): boolean {
  if (error instanceof ConnectionLostError) return true;
  return error instanceof BrokerError && (isRetriable(error.code) || isCoordinatorMove(error.code));
}
