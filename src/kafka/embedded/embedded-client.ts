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
import {EmbeddedAdmin} from './embedded-admin.ts';
import {EmbeddedFetcher} from './embedded-fetcher.ts';
import {EmbeddedGroupMember} from './embedded-group-member.ts';
import {EmbeddedProducer} from './embedded-producer.ts';
import type {GroupCoordinator} from './group-coordinator.ts';
import type {LogStore} from './log-store.ts';
import type {TransactionCoordinator} from './transaction-coordinator.ts';

/** One of the clients of an embedded log. */
export class EmbeddedClient implements KafkaClient {
  readonly admin: TopicAdmin;
  readonly #store: LogStore;
  readonly #transactions: TransactionCoordinator;
  readonly #groups: GroupCoordinator;
  readonly #fetchers = new Set<EmbeddedFetcher>();
  readonly #members = new Set<EmbeddedGroupMember>();
  readonly #onClose: () => void;

  constructor(
    store: LogStore,
    transactions: TransactionCoordinator,
    groups: GroupCoordinator,
    randomId: () => string,
    onClose: () => void,
  ) {
    this.#store = store;
    this.#transactions = transactions;
    this.#groups = groups;
    this.#onClose = onClose;
    this.admin = new EmbeddedAdmin(store, transactions, groups, randomId);
  }

  transactionalProducer(
    transactionalId: string,
    {timeoutMs}: TransactionOptions = {},
  ): TransactionalProducer {
    return new EmbeddedProducer(
      transactionalId,
      timeoutMs,
      this.#transactions,
      this.#groups,
      this.#store.topics,
    );
  }

  fetcher(options: FetcherOptions): Fetcher {
    const {topics, reader, clock} = this.#store;
    const fetcher = new EmbeddedFetcher(topics, reader, clock, options);
    this.#fetchers.add(fetcher);
    return fetcher;
  }

  groupMember(options: GroupOptions): GroupMember {
    const member = new EmbeddedGroupMember(options, this.#groups, this.#store.clock);
    this.#members.add(member);
    return member;
  }

  async close(): Promise<void> {
    for (const fetcher of this.#fetchers) await fetcher.close();
    for (const member of this.#members) member.stop();
    this.#onClose();
  }
}
