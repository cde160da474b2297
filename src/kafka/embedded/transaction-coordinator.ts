import {TaskError} from '../../common/errors.ts';
import type {LogStore} from './log-store.ts';
import type {PartitionLog} from './partition-log.ts';
import {Transaction} from './transaction.ts';

/** Who may write under a transactional id: the producer with this epoch. */
interface TransactionalId {
  epoch: number;
  timeoutMs: number;
  transaction: Transaction | undefined;
}

/** A producer's right to write, until the next `init` of its transactional id. */
export interface ProducerIdentity {
  readonly transactionalId: string;
  readonly epoch: number;
}

/**
 * Keeps one live producer per transactional id and one open transaction per producer.
 *
 * Epochs live in memory only: no producer outlives the process, and what it left open is void when the log is opened.
 */
export class TransactionCoordinator {
  readonly #store: LogStore;
  readonly #timeoutMs: number;
  readonly #ids = new Map<string, TransactionalId>();
  readonly #open = new Set<Transaction>();
  #lastNumber = 0;

  constructor(store: LogStore, timeoutMs: number) {
    this.#store = store;
    this.#timeoutMs = timeoutMs;
  }

  /** Fences earlier producers of this id at once; resolves when their last transaction has ended. */
  async init(transactionalId: string, timeoutMs = this.#timeoutMs): Promise<ProducerIdentity> {
    this.#store.journal.assertWritable();
    let id = this.#ids.get(transactionalId);
    if (id === undefined) {
      id = {epoch: -1, timeoutMs, transaction: undefined};
      this.#ids.set(transactionalId, id);
    }
    id.timeoutMs = timeoutMs;
    const identity = {transactionalId, epoch: ++id.epoch};
    const {transaction} = id;
    if (transaction?.state === 'open') await transaction.abort();
    else await transaction?.ended;
    return identity;
  }

  /** The producer's open transaction; begins it when there is none yet. */
  transaction(producer: ProducerIdentity): Transaction {
    const id = this.#require(producer);
    if (id.transaction === undefined) {
      const transaction = new Transaction(this.#store, ++this.#lastNumber, () => {
        this.#open.delete(transaction);
        if (id.transaction === transaction) id.transaction = undefined;
      });
      id.transaction = transaction;
      this.#open.add(transaction);
    }
    return id.transaction;
  }

  /** Ends the producer's transaction; nothing to do when it has written nothing. */
  async end(producer: ProducerIdentity, how: 'commit' | 'abort'): Promise<void> {
    const {transaction} = this.#require(producer);
    if (how === 'commit') await transaction?.commit();
    else await transaction?.abort();
  }

  /** @throws TaskError KAFKA_PRODUCER_FENCED */
  assertCurrent(producer: ProducerIdentity): void {
    this.#require(producer);
  }

  /** Resolves once no open transaction would move what the group has committed for these partitions. */
  async whenStable(groupId: string, logs: readonly PartitionLog[]): Promise<void> {
    // Those that begin later may not keep the caller waiting.
    const open = Array.from(this.#open);
    for (const transaction of open) {
      if (logs.some((log) => transaction.stages(groupId, log))) await transaction.ended;
    }
    this.#store.journal.assertWritable();
  }

  /** Aborts what has been open for longer than the transaction timeout, and fences its producer. */
  async expire(): Promise<void> {
    const now = this.#store.clock.now();
    for (const id of this.#ids.values()) {
      const {transaction} = id;
      if (transaction?.state !== 'open') continue;
      if (now - transaction.startedAt < id.timeoutMs) continue;
      id.epoch++;
      await transaction.abort();
    }
  }

  #require({transactionalId, epoch}: ProducerIdentity): TransactionalId {
    this.#store.journal.assertWritable();
    const id = this.#ids.get(transactionalId);
    if (id?.epoch === epoch) return id;
    throw new TaskError(
      'KAFKA_PRODUCER_FENCED',
      `The producer ${transactionalId} was replaced by a newer one, or its transaction was open for more than ${id?.timeoutMs ?? this.#timeoutMs} ms and was aborted: initialise a new producer and read the committed offsets again`,
    );
  }
}
