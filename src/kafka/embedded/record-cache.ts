import type {LogBatch} from './partition-log.ts';

/**
 * Keeps the records of the latest written batches in memory, for readers that keep up.
 *
 * Batches leave in the order in which they were written. What is not written yet is not counted here: transactions
 * bound that themselves by spilling.
 */
export class RecordCache {
  readonly #maxBytes: number;
  #queue: LogBatch[] = [];
  #head = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes a batch that has just been written. */
  add(batch: LogBatch): void {
    this.#queue.push(batch);
    this.#bytes += batch.bytes;
    while (this.#bytes > this.#maxBytes && this.#head < this.#queue.length) {
      const oldest = this.#queue[this.#head++] as LogBatch;
      this.#bytes -= oldest.bytes;
      oldest.body = null;
      oldest.log.trim();
    }
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }
}
