import type {StoredBatch} from './journal-entry.ts';
import type {LogStore} from './log-store.ts';
import type {PartitionLog} from './partition-log.ts';
import type {UnwrittenBatch} from './unwritten-batch.ts';

/** Batches of one partition that the index knows, and what stands for them from now on. */
export interface Rewrite {
  readonly log: PartitionLog;
  readonly from: readonly StoredBatch[];
  readonly to: readonly UnwrittenBatch[];
}

/**
 * Writes `to` at the end of the journal and lets the index refer to it in place of `from`.
 *
 * Readers see the one or the other. A crash in between leaves bytes that nothing refers to; they go with their segment.
 */
export async function rewriteBatches(
  {journal, index}: LogStore,
  {log, from, to}: Rewrite,
): Promise<readonly StoredBatch[]> {
  let added: readonly StoredBatch[] = [];
  if (to.length > 0) {
    const apply = (stored: readonly StoredBatch[]): void => {
      added = stored;
    };
    await journal.append({change: {cleaned: true}, batches: to, apply});
    // The index must not survive a power cut that the journal does not.
    await journal.sync();
  }
  const last = from.at(-1);
  if (last !== undefined) log.forget(last.nextOffset);
  const key = {topicNumber: log.topic.number, partition: log.partition};
  await index.apply({
    remove: from.map((batch) => ({...key, batch})),
    add: added.map((batch) => ({...key, batch})),
  });
  return added;
}
