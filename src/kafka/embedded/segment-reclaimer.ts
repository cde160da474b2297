import {scanSegment} from './journal-scanner.ts';
import type {StoredBatch} from './journal-entry.ts';
import type {LogStore} from './log-store.ts';
import type {PartitionLog} from './partition-log.ts';
import type {BatchBody} from './record-batch.ts';
import {rewriteBatches} from './rewrite-batches.ts';

/** A segment of which less than this is in use is emptied: moving a quarter frees three. */
const SPARSE = 0.25;

/** Read and written again in one go. */
const STEP_BYTES = 1 << 20;

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
    if (live > 0) await moveLiveBatches(store, segment, isStopped);
    if (index.liveBytes(segment) > 0) continue;
    await files.delete(segment);
    await index.forgetSegment(segment);
  }
}

async function moveLiveBatches(
  store: LogStore,
  segment: number,
  isStopped: () => boolean,
): Promise<void> {
  let live = new Map<PartitionLog, StoredBatch[]>();
  let bytes = 0;
  for await (const {trailer, stored} of scanSegment(store.files, segment)) {
    for (const [i, [topic, partition]] of trailer.batches.entries()) {
      const batch = stored[i] as StoredBatch;
      const log = store.topics.findByNumber(topic, partition);
      if (log === undefined || !(await isLive(store, log, batch))) continue;
      const batches = live.get(log);
      if (batches === undefined) live.set(log, [batch]);
      else batches.push(batch);
      bytes += batch.length;
    }
    if (isStopped()) return;
    if (bytes < STEP_BYTES) continue;
    await moveBatches(store, live);
    live = new Map();
    bytes = 0;
  }
  await moveBatches(store, live);
}

async function isLive({index}: LogStore, log: PartitionLog, batch: StoredBatch): Promise<boolean> {
  const key = {topicNumber: log.topic.number, partition: log.partition};
  const [found] = await index.batches(key, batch.nextOffset - 1, batch.nextOffset, 1);
  return found?.segment === batch.segment && found.position === batch.position;
}

async function moveBatches(
  store: LogStore,
  live: ReadonlyMap<PartitionLog, readonly StoredBatch[]>,
): Promise<void> {
  for (const [log, batches] of live) {
    const from = batches.toSorted((a, b) => a.baseOffset - b.baseOffset);
    const bodies = await store.reader.readBodies(log, from);
    if (bodies === undefined) continue;
    const key = {topicNumber: log.topic.number, partition: log.partition};
    const to = from.map((batch, i) => ({...key, ...batch, body: bodies[i] as BatchBody}));
    await rewriteBatches(store, {log, from, to});
  }
}
