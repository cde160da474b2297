import {randomUUID} from 'node:crypto';
import type {Clock} from '../../common/clock.ts';
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
import {EmbeddedClient} from './embedded-client.ts';
import {closeLog, openLog} from './open-log.ts';
import type {LogOptions} from './open-log.ts';
import {GroupCoordinator} from './group-coordinator.ts';
import type {LogStore} from './log-store.ts';
import type {MaintenanceOptions} from './maintenance.ts';
import {Maintenance} from './maintenance.ts';
import {TransactionCoordinator} from './transaction-coordinator.ts';

export interface EmbeddedKafkaOptions extends Partial<LogOptions>, MaintenanceOptions {
  /** Created if it does not exist. One process at a time may have it open. */
  readonly directory: string;
  readonly clock: Clock;
  /** Topic ids and member ids; must never repeat. Default: `crypto.randomUUID`. */
  readonly randomId?: () => string;
  /** A transaction open for longer is aborted and its producer fenced. Default: 60 s, as Kafka's. */
  readonly transactionTimeoutMs?: number;
}

/** How often transactions and sessions are looked at for timeouts. */
const EXPIRY_INTERVAL_MS = 500;

/**
 * Kafka within this process: a log with transactions, read_committed, consumer groups, retention and compaction.
 *
 * What is committed survives the death of the process at any moment; a power cut too with `sync`, and without it but for
 * the last moments. `connect` makes further clients of the same log, as of processes that share a cluster.
 */
export class EmbeddedKafka implements KafkaClient {
  readonly #store: LogStore;
  readonly #transactions: TransactionCoordinator;
  readonly #groups: GroupCoordinator;
  readonly #maintenance: Maintenance;
  readonly #randomId: () => string;
  readonly #clients = new Set<EmbeddedClient>();
  readonly #client: EmbeddedClient;
  readonly #stopExpiry: () => void;
  #closing: Promise<void> | undefined;

  private constructor(store: LogStore, maintenance: Maintenance, options: EmbeddedKafkaOptions) {
    this.#store = store;
    this.#maintenance = maintenance;
    this.#randomId = options.randomId ?? randomUUID;
    this.#transactions = new TransactionCoordinator(store, options.transactionTimeoutMs ?? 60_000);
    this.#groups = new GroupCoordinator(store.clock, store.topics, this.#randomId);
    this.#client = this.connect();
    this.#stopExpiry = store.clock.every(EXPIRY_INTERVAL_MS, () => {
      this.#groups.expire();
      // A broken journal is reported to whoever writes next.
      this.#transactions.expire().catch(() => undefined);
    });
  }

  /**
   * Opens the log, aborting the transactions that were open when it was last in use.
   *
   * @throws FatalError DATA_DIR_UNUSABLE when another process has it open or it cannot be written.
   * @throws FatalError KAFKA_LOG_CORRUPTED when it is damaged.
   */
  static async open(options: EmbeddedKafkaOptions): Promise<EmbeddedKafka> {
    const store = await openLog(options);
    const maintenance = new Maintenance(store, options);
    try {
      await maintenance.run();
    } catch (error) {
      await maintenance.close();
      await closeLog(store);
      throw error;
    }
    return new EmbeddedKafka(store, maintenance, options);
  }

  get admin(): TopicAdmin {
    return this.#client.admin;
  }

  transactionalProducer(
    transactionalId: string,
    options?: TransactionOptions,
  ): TransactionalProducer {
    return this.#client.transactionalProducer(transactionalId, options);
  }

  fetcher(options: FetcherOptions): Fetcher {
    return this.#client.fetcher(options);
  }

  groupMember(options: GroupOptions): GroupMember {
    return this.#client.groupMember(options);
  }

  /** Another client of this log. Closing it leaves its transactions open and its group members silent, as a crash. */
  connect(): EmbeddedClient {
    const client = new EmbeddedClient(
      this.#store,
      this.#transactions,
      this.#groups,
      this.#randomId,
      () => this.#clients.delete(client),
    );
    this.#clients.add(client);
    return client;
  }

  /** Checkpoints, removes what retention no longer keeps, and compacts what is due; else all that happens by itself. */
  maintain(): Promise<void> {
    return this.#maintenance.run();
  }

  /** Closes all clients and the log. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stopExpiry();
    for (const client of this.#clients) await client.close();
    await this.#maintenance.close();
    await closeLog(this.#store);
  }
}
