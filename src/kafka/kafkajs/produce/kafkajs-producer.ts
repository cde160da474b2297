import {FatalError, RetriableError, TaskError} from '../../../common/errors.ts';
import type {
  EncodedProduceBatch,
  GroupMetadata,
  OffsetCommit,
  ProduceBatch,
  ProducedBatch,
  TopicPartition,
  TransactionalProducer,
} from '../../client.ts';
import {BrokerError, ConnectionLostError} from '../connection/broker-error.ts';
import type {Cluster} from '../connection/cluster.ts';
import {check} from '../connection/cluster.ts';
import type {ApiRequest} from '../protocol/api-request.ts';
import {errorCode, isCoordinatorMove, isFenced, isRetriable} from '../protocol/error-code.ts';
import {produceRequest} from '../protocol/produce.ts';
import type {CoordinatorType} from '../protocol/find-coordinator.ts';
import {partitionName} from '../protocol/topic-partitions.ts';
import {
  addOffsetsToTxnRequest,
  addPartitionsToTxnRequest,
  endTxnRequest,
  initProducerIdRequest,
  txnOffsetCommitRequest,
} from '../protocol/transaction-requests.ts';
import type {ProducerIdentity} from '../protocol/transaction-requests.ts';
import {isEncoded} from '../../memory-records/memory-records.ts';
import {encodeRecordBatch, sealRecordBatch} from '../record-batch/encode-record-batch.ts';
import type {BatchOptions} from '../record-batch/encode-record-batch.ts';
import type {CompressionType} from '../record-batch/compression.ts';
import {PartitionSends} from './partition-sends.ts';
import type {EncodedBatch} from './partition-sends.ts';
import {firstError, isOutdatedMember, isRefusedGeneration, mayPass} from './refusals.ts';
import {splitBatches, splitBodies} from './split-batches.ts';

export interface ProducerOptions {
  readonly transactionalId: string;
  /** After this the coordinator aborts what is open (`transaction.timeout.ms`). */
  readonly transactionTimeoutMs: number;
  /** The same, if the broker allows it (`transaction.max.timeout.ms`). Default: `transactionTimeoutMs`. */
  readonly wantedTimeoutMs?: number | undefined;
  /** How long the leader may wait for its followers (`request.timeout.ms`). */
  readonly requestTimeoutMs: number;
  readonly compression: CompressionType;
  /** Of one record batch before compression (`max.request.size`). */
  readonly maxBatchBytes: number;
}

/**
 * CONCURRENT_TRANSACTIONS is the usual answer right after a commit, while the markers are being written: in a
 * millisecond or two it is over.
 */
const MARKERS_BACKOFF_MS = 2;

type State = 'new' | 'ready' | 'open' | 'broken' | 'fenced';

/**
 * A transactional, idempotent producer on the wire protocol (KIP-98, KIP-360, KIP-447).
 *
 * A sequence number is never used for other bytes: whatever fails for good leaves the producer broken until `init` has
 * raised the epoch.
 */
export class KafkajsProducer implements TransactionalProducer {
  readonly #cluster: Cluster;
  readonly #lane: string;
  readonly #options: ProducerOptions;
  #state: State = 'new';
  #timeoutMs: number;
  #identity: ProducerIdentity | undefined;
  /** Next sequence number by partition, in this epoch. */
  readonly #sequences = new Map<string, number>();
  /** Partitions and groups of the open transaction, as the coordinator knows them. */
  readonly #partitions = new Set<string>();
  readonly #groups = new Set<string>();
  /**
   * Requests of this epoch were sent again, and the first ones may still be on their way: one that arrives within the
   * next transaction would commit it, or take its offsets back. Only another epoch keeps them out (KIP-890).
   */
  #hasLostRequests = false;

  constructor(cluster: Cluster, lane: string, options: ProducerOptions) {
    this.#cluster = cluster;
    this.#lane = lane;
    this.#options = options;
    this.#timeoutMs = options.wantedTimeoutMs ?? options.transactionTimeoutMs;
  }

  async init(): Promise<void> {
    if (this.#state === 'fenced') throw this.#fenced();
    this.#state = 'broken';
    await this.#raiseEpoch();
    this.#ended('ready');
  }

  async #raiseEpoch(): Promise<void> {
    const {transactionalId, transactionTimeoutMs} = this.#options;
    const doing = `starting the transactional id ${transactionalId}`;
    const {producerId, producerEpoch} = await this.#attempt(doing, async () => {
      const request = initProducerIdRequest(transactionalId, this.#timeoutMs, this.#identity);
      const answer = await this.#toCoordinator('transaction', transactionalId, request);
      // The coordinator forgets ids after transactional.id.expiration.ms.
      const isForgotten = answer.error === errorCode.invalidProducerIdMapping;
      const isRefused =
        answer.error === errorCode.invalidTransactionTimeout &&
        this.#timeoutMs !== transactionTimeoutMs;
      if (isForgotten) this.#identity = undefined;
      if (isRefused) this.#timeoutMs = transactionTimeoutMs;
      if (isForgotten || isRefused) throw new BrokerError(errorCode.concurrentTransactions, doing);
      this.#verify(answer.error, 'transaction', transactionalId, doing);
      return answer;
    });
    this.#identity = {producerId, producerEpoch};
    this.#sequences.clear();
    this.#hasLostRequests = false;
  }

  begin(): void {
    if (this.#state !== 'ready') {
      throw new Error(
        `begin of a producer that is ${this.#state}: ${this.#options.transactionalId}`,
      );
    }
    this.#state = 'open';
  }

  async send(
    batches: readonly (ProduceBatch | EncodedProduceBatch)[],
  ): Promise<readonly ProducedBatch[]> {
    return this.#guarded(async () => {
      await this.#addPartitions(batches);
      const sends = batches.map((batch) => this.#encode(batch));
      await this.#attempt('writing records', async () => {
        await this.#round(sends);
      });
      return sends.map((send) => send.result());
    });
  }

  async sendOffsets(group: GroupMetadata, offsets: readonly OffsetCommit[]): Promise<void> {
    const {transactionalId} = this.#options;
    await this.#guarded(async (identity) => {
      if (!this.#groups.has(group.groupId)) {
        const doing = `adding offsets of group ${group.groupId} to the transaction`;
        await this.#attempt(doing, async () => {
          const request = addOffsetsToTxnRequest(transactionalId, identity, group.groupId);
          const error = await this.#toCoordinator('transaction', transactionalId, request);
          this.#verify(error, 'transaction', transactionalId, doing);
        });
        this.#groups.add(group.groupId);
      }
      await this.#commitOffsets(identity, group, offsets);
    });
  }

  async commit(): Promise<void> {
    await this.#end(true);
  }

  async abort(): Promise<void> {
    await this.#end(false);
  }

  /** Repeats EndTxn until its outcome is known: it is idempotent within one epoch. */
  async #end(isCommit: boolean): Promise<void> {
    const {transactionalId} = this.#options;
    if (this.#state === 'fenced') throw this.#fenced();
    if (
      this.#identity === undefined ||
      this.#state === 'ready' ||
      (isCommit && this.#state !== 'open')
    ) {
      throw new Error(`no open transaction: ${transactionalId} is ${this.#state}`);
    }
    const identity = this.#identity;
    if (this.#partitions.size === 0 && this.#groups.size === 0) {
      this.#ended(this.#state === 'open' ? 'ready' : 'broken');
      return;
    }
    const doing = `${isCommit ? 'committing' : 'aborting'} the transaction of ${transactionalId}`;
    const wasBroken = this.#state === 'broken';
    this.#state = 'broken';
    await this.#attempt(doing, async () => {
      const request = endTxnRequest(transactionalId, identity, isCommit);
      const error = await this.#toCoordinator('transaction', transactionalId, request);
      this.#verify(error, 'transaction', transactionalId, doing);
    });
    this.#ended(wasBroken ? 'broken' : 'ready');
  }

  #ended(state: State): void {
    this.#partitions.clear();
    this.#groups.clear();
    this.#state = state;
  }

  /** Runs within the open transaction; after a failure only `abort` and `init` are possible. */
  async #guarded<T>(work: (identity: ProducerIdentity) => Promise<T>): Promise<T> {
    if (this.#state === 'fenced') throw this.#fenced();
    if (this.#state !== 'open' || this.#identity === undefined) {
      throw new Error(`no open transaction: ${this.#options.transactionalId} is ${this.#state}`);
    }
    try {
      const isFirst = this.#partitions.size === 0 && this.#groups.size === 0;
      if (isFirst && this.#hasLostRequests) await this.#raiseEpoch();
      return await work(this.#identity);
    } catch (error) {
      if ((this.#state as State) === 'open' && !isRefusedGeneration(error)) this.#state = 'broken';
      throw error;
    }
  }

  async #addPartitions(batches: readonly TopicPartition[]): Promise<void> {
    const {transactionalId} = this.#options;
    let left = batches.filter((batch) => !this.#partitions.has(partitionName(batch)));
    if (left.length === 0) return;
    const doing = 'adding partitions to the transaction';
    await this.#attempt(doing, async () => {
      const identity = this.#identity as ProducerIdentity;
      const request = addPartitionsToTxnRequest(transactionalId, identity, left);
      const answers = await this.#toCoordinator('transaction', transactionalId, request);
      const refused = firstError(answers);
      for (const answer of answers) {
        if (answer.error === errorCode.none) this.#partitions.add(partitionName(answer));
      }
      left = left.filter((batch) => !this.#partitions.has(partitionName(batch)));
      if (refused === undefined) return;
      const what = `${doing} (${partitionName(refused)})`;
      this.#verify(refused.error, 'transaction', transactionalId, what);
    });
  }

  #encode(batch: ProduceBatch | EncodedProduceBatch): PartitionSends {
    const {producerId, producerEpoch} = this.#identity as ProducerIdentity;
    const {compression, maxBatchBytes} = this.#options;
    const {records} = batch;
    const name = partitionName(batch);
    let sequence = this.#sequences.get(name) ?? 0;
    const next = (count: number): BatchOptions => {
      const baseSequence = sequence;
      sequence = nextSequence(sequence, count);
      return {producerId, producerEpoch, baseSequence, isTransactional: true, compression};
    };
    const encoded = isEncoded(records)
      ? splitBodies(records.bodies, maxBatchBytes, batch).map((body): EncodedBatch => {
          return {bytes: sealRecordBatch(body, next(body.count)), count: body.count};
        })
      : splitBatches(records, maxBatchBytes, batch).map((part): EncodedBatch => {
          return {bytes: encodeRecordBatch(part, next(part.length)), count: part.length};
        });
    this.#sequences.set(name, sequence);
    return new PartitionSends(batch, encoded);
  }

  /** Sends the next batch of each partition, to all leaders at once, until nothing is left. */
  async #round(sends: readonly PartitionSends[]): Promise<void> {
    for (let left = sends; left.length > 0; left = left.filter(({isDone}) => !isDone)) {
      left = left.filter(({isDone}) => !isDone);
      if (left.length === 0) return;
      const failures = (
        await Promise.all(
          [...(await this.#byLeader(left))].map(([leader, some]) => this.#produce(leader, some)),
        )
      ).flat();
      const final = failures.find((error) => !mayPass(error));
      if (final !== undefined) throw final;
      if (failures.length > 0) throw failures[0];
    }
  }

  /** Failures stay with their partition: the others' answers count. */
  async #produce(leader: number | undefined, sends: readonly PartitionSends[]): Promise<unknown[]> {
    if (leader === undefined) {
      const names = sends.map(({name}) => name).join(', ');
      return [new BrokerError(errorCode.leaderNotAvailable, `writing to ${names}`)];
    }
    const request = produceRequest(
      this.#options.transactionalId,
      this.#options.requestTimeoutMs,
      sends.map((send) => send.next()),
    );
    const failures: unknown[] = [];
    try {
      const byName = new Map(sends.map((send) => [send.name, send]));
      for (const answer of await this.#cluster.send(this.#lane, leader, request)) {
        try {
          byName.get(partitionName(answer))?.answered(answer);
        } catch (error) {
          failures.push(this.#explained(error));
        }
      }
    } catch (error) {
      failures.push(error);
    }
    return failures;
  }

  async #byLeader(
    sends: readonly PartitionSends[],
  ): Promise<ReadonlyMap<number | undefined, readonly PartitionSends[]>> {
    const unknown = sends.filter(({batch}) => this.#cluster.leaderOf(batch) === undefined);
    if (unknown.length > 0 || this.#cluster.isStale) {
      await this.#cluster.refresh([...new Set(unknown.map(({batch}) => batch.topic))]);
    }
    return this.#cluster.byLeader(sends, ({batch}) => batch);
  }

  async #commitOffsets(
    identity: ProducerIdentity,
    group: GroupMetadata,
    offsets: readonly OffsetCommit[],
  ): Promise<void> {
    const {transactionalId} = this.#options;
    const doing = `committing offsets of group ${group.groupId}`;
    await this.#attempt(doing, async () => {
      const request = txnOffsetCommitRequest(transactionalId, identity, group, offsets);
      const answers = await this.#toCoordinator('group', group.groupId, request);
      const refused = firstError(answers);
      if (refused === undefined) return;
      const what = `${doing} for ${partitionName(refused)}`;
      if (isOutdatedMember(refused.error)) {
        throw new TaskError(
          'KAFKA_ILLEGAL_GENERATION',
          `Group ${group.groupId} has moved on from generation ${group.generationId}; what was not committed is given up, and the member joins again`,
        );
      }
      this.#verify(refused.error, 'group', group.groupId, what);
    });
  }

  #toCoordinator<T>(type: CoordinatorType, key: string, request: ApiRequest<T>): Promise<T> {
    return this.#cluster.sendToCoordinator(this.#lane, type, key, request);
  }

  #attempt<T>(doing: string, attempt: () => Promise<T>): Promise<T> {
    return this.#cluster.retry(doing, attempt, {
      backoffFor: (error) => {
        if (error instanceof ConnectionLostError) this.#hasLostRequests = true;
        return error instanceof BrokerError && error.code === errorCode.concurrentTransactions
          ? MARKERS_BACKOFF_MS
          : undefined;
      },
    });
  }

  /** @throws what an error code of a coordinator means. */
  #verify(code: number, type: CoordinatorType, key: string, doing: string): void {
    if (code === errorCode.none) return;
    if (isCoordinatorMove(code)) this.#cluster.forgetCoordinator(type, key);
    if (isFenced(code)) throw this.#fence();
    if (isRetriable(code)) throw new BrokerError(code, doing);
    check(code, doing);
  }

  /** What an answer to Produce means. */
  #explained(error: unknown): unknown {
    if (!(error instanceof BrokerError) || isRetriable(error.code)) return error;
    if (isFenced(error.code)) return this.#fence();
    if (error.code === errorCode.messageTooLarge || error.code === errorCode.recordListTooLarge) {
      return new FatalError(
        'KAFKA_RECORD_TOO_LARGE',
        `${error.message}: a batch of up to ${this.#options.maxBatchBytes} bytes is more than the topic takes; raise its max.message.bytes, or lower max.request.size`,
        {cause: error},
      );
    }
    try {
      check(error.code, error.message);
    } catch (denied) {
      if (denied instanceof FatalError) return denied;
    }
    // OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_TXN_STATE, UNKNOWN_PRODUCER_ID: only a new epoch helps.
    return new RetriableError(
      'KAFKA_TRANSACTION_FAILED',
      `${error.message}; the transaction is aborted and its work done again`,
      {cause: error},
    );
  }

  #fence(): TaskError {
    this.#state = 'fenced';
    return this.#fenced();
  }

  #fenced(): TaskError {
    const {transactionalId} = this.#options;
    return new TaskError(
      'KAFKA_PRODUCER_FENCED',
      `Transactional id ${transactionalId} has been taken over by another producer`,
    );
  }
}

/** Sequence numbers wrap from 2^31 - 1 to 0. */
function nextSequence(sequence: number, count: number): number {
  const next = sequence + count;
  return next > 0x7fffffff ? next - 0x80000000 : next;
}
