import type {LogStore} from './log-store.ts';
import {takeCheckpoint} from './checkpoint.ts';
import type {LogBatch} from './partition-log.ts';

/** Keeps the log small and quick to open, in the background, one step after another. */
export class Maintenance {
  readonly #store: LogStore;
  #running: Promise<void> = Promise.resolve();

  constructor(store: LogStore, _options: object) {
    this.#store = store;
  }

  run(): Promise<void> {
    this.#running = this.#running.then(() => this.#checkpoint());
    return this.#running;
  }

  async close(): Promise<void> {
    await this.run();
  }

  async #checkpoint(): Promise<void> {
    const {journal, index} = this.#store;
    const {checkpoint, indexed} = takeCheckpoint(this.#store);
    await journal.sync();
    await index.apply({
      add: indexed.map((batch) => ({
        topicNumber: batch.topicNumber,
        partition: batch.partition,
        batch: batch.stored as NonNullable<LogBatch['stored']>,
      })),
      checkpoint,
    });
    for (const batch of indexed) {
      batch.indexed = true;
      batch.log.indexedEnd = Math.max(batch.log.indexedEnd, batch.nextOffset);
    }
    for (const log of new Set(indexed.map(({log}) => log))) log.trim();
  }
}
