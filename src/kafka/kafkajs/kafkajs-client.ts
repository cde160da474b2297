import type {Clock} from '../../common/clock.ts';
import {FatalError, RetriableError} from '../../common/errors.ts';
import type {
  Fetcher,
  FetcherOptions,
  GroupMember,
  GroupOptions,
  KafkaClient,
  TopicAdmin,
  TransactionOptions,
  TransactionalProducer,
} from '../client.ts';
import {Cluster} from './connection/cluster.ts';
import type {ConnectionOptions} from './connection/connection-options.ts';
import type {Outage} from './connection/reachability.ts';
import {KafkajsFetcher} from './fetch/kafkajs-fetcher.ts';
import {KafkajsGroupMember} from './group/kafkajs-group-member.ts';
import {KafkajsAdmin} from './kafkajs-admin.ts';
import {KafkajsProducer} from './produce/kafkajs-producer.ts';
import type {CompressionType} from './record-batch/compression.ts';

export interface KafkajsOptions {
  readonly bootstrapServers: readonly string[];
  readonly clientId: string;
  readonly ssl?: ConnectionOptions['ssl'];
  readonly sasl?: ConnectionOptions['sasl'];
  /** Default: none. */
  readonly compression?: CompressionType;
  /** `default.api.timeout.ms`. Default: 60 s. */
  readonly apiTimeoutMs?: number;
  /** `request.timeout.ms`. Default: 30 s. */
  readonly requestTimeoutMs?: number;
  /** `transaction.timeout.ms`. Default: 10 s, as Kafka Streams has it. */
  readonly transactionTimeoutMs?: number;
  /** `max.request.size`. Default: 1,000,000 bytes, within the default `max.message.bytes` of a topic. */
  readonly maxRequestSize?: number;
  /** `min.insync.replicas` of the topics that are created, and the least that others have. Default: the broker's. */
  readonly minInsyncReplicas?: number | undefined;
  readonly clock: Clock;
  /** Called about every second: the outage, while no broker answers any request. */
  readonly onLook?: (outage: Outage | undefined) => void;
}

/** How often it is looked whether any broker answers. */
const LOOK_MS = 1000;
const CONNECTION_TIMEOUT_MS = 5000;
const DEFAULT_REQUEST_TIMEOUT_MS = 30_000;
const DEFAULT_TRANSACTION_TIMEOUT_MS = 10_000;
const METADATA_MAX_AGE_MS = 300_000;

/**
 * The port on a real Kafka cluster (Apache Kafka 3.1 to 4.x and what speaks its protocol).
 *
 * kafkajs carries the bytes: connections, TLS and SASL. Record batches, fetching, transactions and group membership are
 * ours, because its own lose and leak records.
 */
export class KafkajsClient implements KafkaClient {
  readonly admin: TopicAdmin;
  readonly #cluster: Cluster;
  readonly #options: KafkajsOptions;
  readonly #stopLooks: () => void;
  #lanes = 0;

  private constructor(cluster: Cluster, options: KafkajsOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.admin = new KafkajsAdmin(cluster, options.minInsyncReplicas);
    this.#stopLooks = options.clock.every(LOOK_MS, () =>
      options.onLook?.(cluster.reachability.look()),
    );
  }

  /** @throws FatalError KAFKA_UNREACHABLE when no broker answers within `default.api.timeout.ms`. */
  static async connect(options: KafkajsOptions): Promise<KafkajsClient> {
    const {requestTimeoutMs = DEFAULT_REQUEST_TIMEOUT_MS} = options;
    const cluster = new Cluster({
      ...options,
      connectionTimeoutMs: Math.min(CONNECTION_TIMEOUT_MS, requestTimeoutMs),
      requestTimeoutMs,
      apiTimeoutMs: options.apiTimeoutMs ?? 60_000,
      metadataMaxAgeMs: METADATA_MAX_AGE_MS,
    });
    try {
      await cluster.retry('connecting', () => cluster.refresh());
    } catch (error) {
      await cluster.close();
      if (!(error instanceof RetriableError)) throw error;
      throw new FatalError(error.code, error.message, {cause: error});
    }
    return new KafkajsClient(cluster, options);
  }

  transactionalProducer(
    transactionalId: string,
    {timeoutMs}: TransactionOptions = {},
  ): TransactionalProducer {
    const {requestTimeoutMs, compression, maxRequestSize} = this.#options;
    const {transactionTimeoutMs = DEFAULT_TRANSACTION_TIMEOUT_MS} = this.#options;
    return new KafkajsProducer(this.#cluster, `producer ${transactionalId}`, {
      transactionalId,
      transactionTimeoutMs,
      wantedTimeoutMs: timeoutMs,
      requestTimeoutMs: requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
      compression: compression ?? 'none',
      maxBatchBytes: maxRequestSize ?? 1_000_000,
    });
  }

  fetcher(options: FetcherOptions): Fetcher {
    return new KafkajsFetcher(this.#cluster, this.#lane('fetcher'), options);
  }

  groupMember(options: GroupOptions): GroupMember {
    return new KafkajsGroupMember(this.#cluster, this.#lane('group'), options);
  }

  close(): Promise<void> {
    this.#stopLooks();
    return this.#cluster.close();
  }

  #lane(use: string): string {
    return `${use}-${this.#lanes++}`;
  }
}
