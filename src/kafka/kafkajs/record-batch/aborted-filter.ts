import type {RecordBatch} from './record-batch.ts';

/** As a Fetch response lists it for a partition. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/** What the filter looks at. */
export type FilteredBatch = Pick<
  RecordBatch,
  'lastOffset' | 'isControl' | 'isAbort' | 'isTransactional' | 'producerId'
>;

/**
 * Which batches of an answer belong to aborted transactions, as Java's CompletedFetch decides it.
 *
 * The broker lists the aborted transactions of the range that it sends, in no order, and lists them again for a later range: one
 * begins to count where its first offset is reached, and ceases with its producer's abort marker. Every batch has to be shown, in
 * order; each answer needs a filter of its own. Without a list all that is data is let through, as read_uncommitted wants it.
 */
export class AbortedFilter {
  readonly #pending: readonly AbortedTransaction[];
  readonly #producers = new Set<number>();
  #next = 0;

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#pending = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
  }

  /** Whether the batch holds records that a read_committed reader sees. */
  admits(batch: FilteredBatch): boolean {
    const {lastOffset} = batch;
    for (;;) {
      const transaction = this.#pending[this.#next];
      if (transaction === undefined || transaction.firstOffset > lastOffset) break;
      this.#producers.add(transaction.producerId);
      this.#next++;
    }
    if (batch.isControl) {
      if (batch.isAbort) this.#producers.delete(batch.producerId);
      return false;
    }
    return !(batch.isTransactional && this.#producers.has(batch.producerId));
  }
}
