import type {Clock} from '../common/clock.ts';
import {Latch} from '../common/latch.ts';
import type {EncodedProduceBatch, TransactionalProducer} from '../kafka/client.ts';
import type {DurableOffset, OffsetStore} from './offset-store.ts';
import type {Heartbeat} from './heartbeat.ts';
import {nextPublishAction} from './publish-action.ts';
import type {PublishAction} from './publish-action.ts';
import {ReadAhead} from './read-ahead.ts';
import type {CollectedRecords} from './events/record-collector.ts';
import type {SourceEvent, SourceOffset} from './replication-source.ts';
import type {TransactionBatcher} from './transaction-batcher.ts';
import {commitTransaction} from './transaction-outcome.ts';

/** What became durable with one commit. */
export interface Published {
  readonly lsn: bigint;
  /** Change events by `schema.table`. */
  readonly events: ReadonlyMap<string, number>;
  /** Whole transactions of the source. */
  readonly transactions: number;
  /** Microseconds: commit time of the last transaction; undefined before the first. */
  readonly commitTime: number | undefined;
}

export type RestartFacts = Pick<DurableOffset, 'timeline' | 'tables' | 'incremental'>;

export interface PublisherOptions {
  /** Whole transactions that come within this time of the last commit are committed together. Milliseconds. */
  readonly lingerMs: number;
  /** How often at most the offset alone is written, when the WAL moves on without changes of ours. Milliseconds. */
  readonly offsetIntervalMs: number;
}

/**
 * Publishes one source's transactions: their records and the offset behind them in one Kafka transaction, and
 * `onPublished`, which confirms to the source, only after its commit.
 *
 * While a commit is on its way the next batch is decoded and encoded, at most one batch full.
 */
export class Publisher {
  readonly #producer: TransactionalProducer;
  readonly #offsets: OffsetStore;
  readonly #batcher: TransactionBatcher;
  readonly #heartbeat: Heartbeat | undefined;
  readonly #systemId: string;
  readonly #clock: Clock;
  readonly #options: PublisherOptions;
  readonly #restartFacts: () => RestartFacts;
  readonly #onPublished: (published: Published) => void;
  readonly #latch = new Latch();
  #durable: bigint;
  #isBegun = false;
  #events = new Map<string, number>();
  #committing: Promise<void> | undefined;
  #failure: {readonly error: unknown} | undefined;
  #committedAt: number;

  constructor(
    start: SourceOffset,
    parts: {
      readonly producer: TransactionalProducer;
      readonly offsets: OffsetStore;
      readonly batcher: TransactionBatcher;
      readonly heartbeat: Heartbeat | undefined;
      readonly clock: Clock;
      readonly options: PublisherOptions;
      /** What the offset of a commit says beside the position, as of the last whole transaction. */
      readonly restartFacts: () => RestartFacts;
      readonly onPublished: (published: Published) => void;
    },
  ) {
    this.#producer = parts.producer;
    this.#offsets = parts.offsets;
    this.#batcher = parts.batcher;
    this.#heartbeat = parts.heartbeat;
    this.#clock = parts.clock;
    this.#options = parts.options;
    this.#restartFacts = parts.restartFacts;
    this.#onPublished = parts.onPublished;
    this.#systemId = start.systemId;
    this.#durable = start.lsn;
    this.#committedAt = parts.clock.now() - parts.options.lingerMs;
  }

  /** Returns once the events have ended, as they do when `signal` aborts, and what was whole of them is committed. */
  async run(
    transactions: (signal: AbortSignal) => AsyncIterable<readonly SourceEvent[]>,
    signal: AbortSignal,
  ): Promise<void> {
    const stop = new AbortController();
    const events = transactions(AbortSignal.any([signal, stop.signal]));
    const source = new ReadAhead(events, () => this.#latch.wake());
    try {
      for (;;) {
        await this.#fill(source);
        if (this.#failure !== undefined) throw this.#failure.error;
        const action = this.#next(source.isDone);
        if (action.kind === 'end') break;
        await this.#do(action);
      }
      if (this.#isBegun) await this.#producer.abort();
    } finally {
      stop.abort();
      await source.close();
      await this.#committing;
    }
  }

  #next(isDone: boolean): PublishAction {
    return nextPublishAction({
      isCommitting: this.#committing !== undefined,
      isBegun: this.#isBegun,
      isPartlySent: this.#batcher.isPartlyTaken,
      whole: this.#batcher.whole,
      isFull: this.#batcher.isFull,
      isDone,
      isAhead: this.#batcher.endLsn > this.#durable,
      sinceCommit: this.#clock.now() - this.#committedAt,
      heartbeatInMs: this.#heartbeat?.dueInMs ?? Infinity,
      ...this.#options,
    });
  }

  async #do(action: PublishAction): Promise<void> {
    switch (action.kind) {
      case 'commit':
        this.#committing = this.#commit();
        return;
      case 'send':
        return this.#send();
      case 'wait':
        return this.#wait(action.ms);
      case 'end':
        return;
    }
  }

  /** Encodes what the source has ready, until a batch is full. */
  async #fill(source: ReadAhead<readonly SourceEvent[]>): Promise<void> {
    const batcher = this.#batcher;
    while (!batcher.isFull) {
      let events = source.take();
      if (events === undefined) {
        // What has reached the socket by now still belongs to this batch.
        await this.#clock.yield();
        events = source.take();
        if (events === undefined) return;
      }
      const now = this.#clock.nowMicros();
      let at = batcher.add(events, 0, now);
      while (at < events.length) {
        await batcher.prepare();
        at = batcher.add(events, at, now);
      }
    }
  }

  async #send(): Promise<void> {
    if (!this.#isBegun) this.#producer.begin();
    this.#isBegun = true;
    await this.#producer.send(this.#count(this.#batcher.takeAll()));
  }

  /** Never rejects: a failure is kept for the loop. */
  async #commit(): Promise<void> {
    try {
      const batches = this.#count(this.#batcher.take());
      const transactions = this.#batcher.takeTransactions();
      const {endLsn: lsn, commitTime} = this.#batcher;
      const facts = this.#restartFacts();
      const events = this.#events;
      this.#events = new Map();
      this.#committedAt = this.#clock.now();
      if (!this.#isBegun) this.#producer.begin();
      this.#isBegun = false;
      const offset = this.#offsets.records({lsn, systemId: this.#systemId, ...facts});
      const beats = this.#heartbeat?.due() ?? [];
      await this.#producer.send([...batches, ...beats, offset]);
      await commitTransaction(this.#producer);
      this.#durable = lsn;
      this.#onPublished({lsn, events, transactions, commitTime});
    } catch (error) {
      this.#failure = {error};
    } finally {
      this.#committing = undefined;
      this.#latch.wake();
    }
  }

  #count({batches, events}: CollectedRecords): readonly EncodedProduceBatch[] {
    for (const [table, count] of events) {
      this.#events.set(table, (this.#events.get(table) ?? 0) + count);
    }
    return batches;
  }

  #wait(ms: number | undefined): Promise<void> {
    return ms === undefined ? this.#latch.wait() : this.#latch.waitFor(ms, this.#clock);
  }
}
