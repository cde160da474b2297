import {recordMemory} from '../memory-records/record-memory.ts';
import type {LogBatch} from './partition-log.ts';
import type {BatchBody} from './record-batch.ts';

/**
 * Keeps the records of the latest written batches in memory, for readers that keep up.
 *
 * Always the same memory, in which batches stand one behind the other, round and round, each in the place of the oldest: batches in
 * memory of their own outlive young collections, and V8 would mark its heap the more often for them. So nothing that was read may point
 * into it. What is not written yet is not counted here: transactions bound that themselves by spilling.
 */
export class RecordCache {
  readonly #memory: Buffer;
  /** Where the next batch goes. */
  #at = 0;
  #queue: LogBatch[] = [];
  #head = 0;

  constructor(maxBytes: number) {
    this.#memory = Buffer.allocUnsafeSlow(maxBytes);
  }

  /** Takes a batch that has just been written; the memory that its records came in can be used again. */
  add(batch: LogBatch): void {
    const body = batch.body as BatchBody;
    const {buffer, bytes} = body;
    if (bytes > this.#memory.length) {
      batch.body = null;
      batch.log.trim();
    } else {
      const start = this.#room(bytes);
      buffer.copy(this.#memory, start, body.start, body.start + bytes);
      batch.body = {...body, buffer: this.#memory, start};
      this.#queue.push(batch);
    }
    recordMemory.give(buffer);
  }

  #room(bytes: number): number {
    if (this.#at + bytes > this.#memory.length) {
      this.#evict(this.#at, this.#memory.length);
      this.#at = 0;
    }
    const start = this.#at;
    this.#at += bytes;
    this.#evict(start, this.#at);
    return start;
  }

  /** The batches that begin there: of all, they are the oldest. */
  #evict(from: number, to: number): void {
    while (this.#head < this.#queue.length) {
      const oldest = this.#queue[this.#head] as LogBatch;
      const {start} = oldest.body as BatchBody;
      if (start < from || start >= to) break;
      this.#head++;
      oldest.body = null;
      oldest.log.trim();
    }
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }
}
