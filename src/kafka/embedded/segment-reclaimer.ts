import {scanSegment} from './journal-scanner.ts';
import type {StoredBatch} from './journal-entry.ts';
import type {LogStore} from './log-store.ts';
import type {PartitionLog} from './partition-log.ts';
import {encodedBound} from './record-batch.ts';
import {rewriteBatches} from './rewrite-batches.ts';

/** A segment of which less than this is in use is emptied: moving a quarter frees three. */
const SPARSE = 0.25;

/**
 * Deletes the segments that nothing refers to, after moving away the little that is left in sparse ones: one partition's
 * records can outlive those of others in the same file.
 *
 * `before` is the segment of the last checkpoint's end: what comes from there on is needed to open the log.
 */
export async function reclaimSegments(
  store: LogStore,
  before: number,
  isStopped: () => boolean,
): Promise<void> {
  const {files, index} = store;
  let end = before;
  for (const log of store.topics.logs()) {
    for (const {indexed, stored} of log.batches) {
      if (!indexed && stored !== null && stored.segment < end) end = stored.segment;
    }
  }
  for (const segment of await files.list()) {
    if (isStopped() || segment >= end) return;
    const live = index.liveBytes(segment);
    if (live > SPARSE * (await files.size(segment))) continue;
    if (live > 0) await moveLiveBatches(store, segment);
    if (index.liveBytes(segment) > 0) continue;
    await files.delete(segment);
    await index.forgetSegment(segment);
  }
}

async function moveLiveBatches(store: LogStore, segment: number): Promise<void> {
  for await (const {trailer, stored} of scanSegment(store.files, segment)) {
    for (const [i, [topic, partition]] of trailer.batches.entries()) {
      const log = store.topics.findByNumber(topic, partition);
      if (log !== undefined) await moveIfLive(store, log, stored[i] as StoredBatch);
    }
  }
}

async function moveIfLive(store: LogStore, log: PartitionLog, batch: StoredBatch): Promise<void> {
  const key = {topicNumber: log.topic.number, partition: log.partition};
  const [found] = await store.index.batches(key, batch.nextOffset - 1, batch.nextOffset, 1);
  if (found?.segment !== batch.segment || found.position !== batch.position) return;
  const [records] = (await store.reader.readBatches(log, [batch])) ?? [];
  if (records === undefined) return;
  const bound = records.reduce((sum, record) => sum + encodedBound(record), 0);
  await rewriteBatches(store, {log, from: [batch], to: [{...key, ...batch, records, bound}]});
}
