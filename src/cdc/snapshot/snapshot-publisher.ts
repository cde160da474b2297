import type {Clock} from '../../common/clock.ts';
import type {Logger} from '../../common/logger.ts';
import type {EncodedProduceBatch, ProduceBatch, TransactionalProducer} from '../../kafka/client.ts';
import type {SnapshotTransactionLimits} from '../connector-options.ts';
import type {DurableOffset, OffsetStore} from '../offset-store.ts';
import type {Published} from '../publisher.ts';
import type {RecordCollector} from '../events/record-collector.ts';
import type {Relation, SnapshotBatch} from '../replication-source.ts';
import type {SnapshotEncoder} from './snapshot-encoder.ts';
import type {SnapshotReporter} from './snapshot-reporter.ts';
import type {TableEncoder} from '../events/table-encoder.ts';
import type {TableEncoders} from '../events/table-encoders.ts';
import type {BatchLimits} from '../transaction-batcher.ts';
import {commitTransaction} from '../transaction-outcome.ts';

export interface SnapshotPublisherParts {
  readonly producer: TransactionalProducer;
  readonly offsets: OffsetStore;
  readonly encoders: TableEncoders;
  readonly encoder: SnapshotEncoder;
  readonly records: RecordCollector;
  readonly reporter: SnapshotReporter;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How much is sent at once. */
  readonly limits: BatchLimits;
  readonly transaction: SnapshotTransactionLimits;
}

/**
 * Publishes a snapshot with the offset behind it: in one Kafka transaction, so that a crash leaves nothing of it.
 *
 * A snapshot beyond `transaction` is split, and each part says which tables are complete: after a crash the others are
 * read again beside the stream, which goes on where the snapshot was taken.
 *
 * While a request is on its way the rows behind it are encoded, at most another request full.
 */
export class SnapshotPublisher {
  readonly #parts: SnapshotPublisherParts;
  #events = new Map<string, number>();
  #records = 0;
  #bytes = 0;
  #begunAt = 0;
  #isSplit = false;
  /** The request that is on its way. */
  #sending: Promise<unknown> = Promise.resolve();
  #from: DurableOffset | undefined;

  constructor(parts: SnapshotPublisherParts) {
    this.#parts = parts;
  }

  /** Undefined when `signal` aborted it; nothing of its last Kafka transaction is then visible. */
  async run(
    batches: AsyncIterable<SnapshotBatch>,
    from: DurableOffset,
    signal: AbortSignal,
  ): Promise<Published | undefined> {
    const {producer, encoder, encoders, offsets, reporter, clock} = this.#parts;
    const prepared = (relation: Relation): TableEncoder => encoders.get(relation) as TableEncoder;
    this.#from = from;
    this.#begin();
    try {
      for await (const batch of batches) {
        if (signal.aborted) break;
        if (encoders.get(batch.relation) === undefined) await encoders.prepare(batch.relation);
        encoder.add(batch, prepared, clock.nowMicros());
        reporter.scanned(batch);
        await this.#sendFull();
      }
    } finally {
      // Whatever comes next of this producer comes behind it.
      await Promise.allSettled([this.#sending]);
    }
    if (signal.aborted) {
      await producer.abort();
      return undefined;
    }
    encoder.end(prepared, clock.nowMicros());
    await this.#send([...this.#take(), offsets.records(from)]);
    await this.#sending;
    await commitTransaction(producer);
    return {lsn: from.lsn, events: this.#events, transactions: 0, commitTime: undefined};
  }

  async #sendFull(): Promise<void> {
    const {records, limits, transaction} = this.#parts;
    if (records.length < limits.maxRecords && records.bytes < limits.maxBytes) return;
    await this.#send(this.#take());
    const age = this.#parts.clock.now() - this.#begunAt;
    if (
      this.#records < transaction.maxRecords &&
      this.#bytes < transaction.maxBytes &&
      age < transaction.maxMs
    ) {
      return;
    }
    await this.#sending;
    await this.#commitPart();
    this.#begin();
  }

  /** Returns once the request before is answered and this one is on its way. */
  async #send(batches: readonly (EncodedProduceBatch | ProduceBatch)[]): Promise<void> {
    await this.#sending;
    this.#sending = this.#parts.producer.send(batches);
    // Whoever waits for it next hears of a failure.
    this.#sending.catch(() => undefined);
  }

  async #commitPart(): Promise<void> {
    const {producer, offsets, encoder} = this.#parts;
    if (this.#from !== undefined) {
      const snapshot = {completed: encoder.completedTables};
      await producer.send([offsets.records({...this.#from, snapshot})]);
    }
    await commitTransaction(producer);
    this.#tellOfSplit();
  }

  #begin(): void {
    this.#records = 0;
    this.#bytes = 0;
    this.#begunAt = this.#parts.clock.now();
    this.#parts.producer.begin();
  }

  #take(): readonly EncodedProduceBatch[] {
    const {records} = this.#parts;
    this.#records += records.length;
    this.#bytes += records.bytes;
    records.mark();
    const {batches, events} = records.take();
    for (const [table, count] of events) {
      this.#events.set(table, (this.#events.get(table) ?? 0) + count);
    }
    return batches;
  }

  #tellOfSplit(): void {
    if (this.#isSplit) return;
    this.#isSplit = true;
    this.#parts.logger.info(
      {...this.#parts.transaction},
      'the snapshot is larger than one Kafka transaction takes; if this process dies before its end, tables that are not complete are read again beside their changes',
    );
  }
}
