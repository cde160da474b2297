import type {
  EncodedProduceBatch,
  GroupMetadata,
  OffsetCommit,
  ProduceBatch,
  ProducedBatch,
  TransactionalProducer,
} from '../client.ts';
import type {GroupCoordinator} from './group-coordinator.ts';
import type {TopicTable} from './topic-table.ts';
import type {ProducerIdentity, TransactionCoordinator} from './transaction-coordinator.ts';

/** The producer of one transactional id. */
export class EmbeddedProducer implements TransactionalProducer {
  readonly #transactionalId: string;
  readonly #timeoutMs: number | undefined;
  readonly #transactions: TransactionCoordinator;
  readonly #groups: GroupCoordinator;
  readonly #topics: TopicTable;
  #identity: ProducerIdentity | undefined;
  #begun = false;

  constructor(
    transactionalId: string,
    timeoutMs: number | undefined,
    transactions: TransactionCoordinator,
    groups: GroupCoordinator,
    topics: TopicTable,
  ) {
    this.#transactionalId = transactionalId;
    this.#timeoutMs = timeoutMs;
    this.#transactions = transactions;
    this.#groups = groups;
    this.#topics = topics;
  }

  async init(): Promise<void> {
    this.#begun = false;
    this.#identity = await this.#transactions.init(this.#transactionalId, this.#timeoutMs);
  }

  begin(): void {
    this.#transactions.assertCurrent(this.#initialised());
    if (this.#begun) throw new Error(`${this.#transactionalId} has begun a transaction already`);
    this.#begun = true;
  }

  async send(
    batches: readonly (ProduceBatch | EncodedProduceBatch)[],
  ): Promise<readonly ProducedBatch[]> {
    const identity = this.#inTransaction();
    const produced = await this.#transactions.transaction(identity).append(batches);
    // While it was written ahead, the transaction may have been aborted by the producer's successor.
    this.#transactions.assertCurrent(identity);
    return produced;
  }

  async sendOffsets(group: GroupMetadata, offsets: readonly OffsetCommit[]): Promise<void> {
    const identity = this.#inTransaction();
    this.#transactions.assertCurrent(identity);
    this.#groups.assertCurrent(group);
    const logs = offsets.map((offset) => this.#topics.require(offset));
    const transaction = this.#transactions.transaction(identity);
    for (const [i, log] of logs.entries()) {
      const {offset} = offsets[i] as OffsetCommit;
      transaction.stageOffset({groupId: group.groupId, log, offset});
    }
  }

  async commit(): Promise<void> {
    const identity = this.#inTransaction();
    await this.#transactions.end(identity, 'commit');
    this.#begun = false;
  }

  async abort(): Promise<void> {
    const identity = this.#inTransaction();
    await this.#transactions.end(identity, 'abort');
    this.#begun = false;
  }

  #initialised(): ProducerIdentity {
    if (this.#identity === undefined)
      throw new Error(`${this.#transactionalId} is not initialised`);
    return this.#identity;
  }

  #inTransaction(): ProducerIdentity {
    const identity = this.#initialised();
    if (!this.#begun) throw new Error(`${this.#transactionalId} has not begun a transaction`);
    return identity;
  }
}
