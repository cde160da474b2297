import type {LogStore} from './log-store.ts';
import type {PartitionLog} from './partition-log.ts';

/** Index entries looked at in one go, as bytes of the batches that they stand for. */
const STEP_BYTES = 4 << 20;

/**
 * Removes the batches at the start of a partition that were written longer ago than its retention, or that everybody is
 * said to have read.
 *
 * The time of writing counts and not the records' own, as under `message.timestamp.type=LogAppendTime`: a record with an
 * old timestamp must not vanish before anyone could read it.
 */
export async function removeExpired(
  {clock, index}: LogStore,
  log: PartitionLog,
  isStopped: () => boolean,
): Promise<void> {
  const {retentionMs, cleanupPolicy, number} = log.topic;
  if (cleanupPolicy !== 'delete') return;
  if (retentionMs < 0 && log.deletableBefore <= log.logStartOffset) return;
  const horizon = retentionMs < 0 ? -Infinity : clock.now() - retentionMs;
  const key = {topicNumber: number, partition: log.partition};
  while (!isStopped() && !log.deleted) {
    const batches = await index.batches(key, log.logStartOffset, log.indexedEnd, STEP_BYTES);
    const kept = batches.findIndex(
      ({appendTime, nextOffset}) => appendTime >= horizon && nextOffset > log.deletableBefore,
    );
    const expired = kept < 0 ? batches : batches.slice(0, kept);
    const last = expired.at(-1);
    if (last === undefined) return;
    // First, so that a reader there is told so and does not jump over what is gone.
    log.logStartOffset = last.nextOffset;
    log.forget(last.nextOffset);
    const remove = expired.map((batch) => ({...key, batch}));
    await index.apply({remove, partitions: [{...key, state: log.state()}]});
    if (kept >= 0) return;
  }
}

/** Removes what the index has of deleted topics. */
export async function removeDeletedTopics(
  {index, deletedTopics}: LogStore,
  isStopped: () => boolean,
): Promise<void> {
  for (const [topicNumber, partitions] of deletedTopics) {
    for (let partition = 0; partition < partitions; partition++) {
      const key = {topicNumber, partition};
      for (;;) {
        if (isStopped()) return;
        const batches = await index.batches(key, 0, Number.MAX_SAFE_INTEGER, STEP_BYTES);
        if (batches.length === 0) break;
        await index.apply({remove: batches.map((batch) => ({...key, batch}))});
      }
      await index.apply({removePartitions: [key]});
    }
    deletedTopics.delete(topicNumber);
  }
}
