import type {Clock} from '../../common/clock.ts';
import {FatalError} from '../../common/errors.ts';
import type {Logger} from '../../common/logger.ts';
import type {
  FetchedPartition,
  KafkaClient,
  PartitionOffsets,
  TopicPartition,
} from '../../kafka/client.ts';
import {lineageOf} from '../../serde/lineage/lineage-bytes.ts';
import type {Checkpoint, CommittedStore, StoreWrite} from '../../state/committed-store.ts';
import {storedValue} from '../../state/stored-value.ts';
import type {RestoreProgress} from './restore-progress.ts';
import {WritesUnderWay} from './writes-under-way.ts';

/** A store of a task and the partition that backs it up. */
export interface StoreChangelog {
  readonly store: CommittedStore;
  readonly topicPartition: TopicPartition;
  readonly topicId: string;
  /** True when the task has committed input: an empty changelog under a new id has then lost rows. */
  readonly hasProgress: boolean;
}

export interface RestoreOptions {
  readonly kafka: KafkaClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly progress: RestoreProgress;
  /** Called before what was read of a changelog is applied. */
  readonly onRestored: (changelog: StoreChangelog, answer: FetchedPartition) => Promise<void>;
}

/** How long one fetch waits for a transaction that stands before the end of a changelog. */
const POLL_MS = 500;

/**
 * Rolls the stores forward to the end of their changelogs, from where each stands, in slices that are as durable as a
 * commit. While LevelDB writes one, those of other stores are fetched and decoded. Timers and heartbeats get their turn
 * after each slice, which is one answer of a fetch. Stops after the slice during which `signal` aborts.
 *
 * The end is the high watermark, and reached is what the position says: the last offsets may be control records.
 *
 * @throws FatalError STATE_CORRUPTED when the rows of a store are lost.
 */
export async function restoreStores(
  changelogs: readonly StoreChangelog[],
  {kafka, clock, logger, signal, progress, onRestored}: RestoreOptions,
): Promise<void> {
  if (changelogs.length === 0) return;
  const startedAt = clock.now();
  const ends = await kafka.admin.offsets(changelogs.map(({topicPartition}) => topicPartition));
  const open = new Map<string, {readonly changelog: StoreChangelog; readonly end: number}>();
  const fetcher = kafka.fetcher({isolation: 'read_committed'});
  const writes = new WritesUnderWay();
  try {
    for (const [i, changelog] of changelogs.entries()) {
      const offsets = ends[i] as PartitionOffsets;
      const {from, wipe} = restoreStart(changelog, offsets);
      const {store, topicPartition} = changelog;
      if (wipe !== undefined) {
        logger.warn(
          {store: store.name, partition: topicPartition.partition, reason: wipe},
          'Wipes a store and restores it from the start of its changelog',
        );
        await store.wipe();
      }
      if (from >= offsets.latest) continue;
      open.set(keyOf(topicPartition), {changelog, end: offsets.latest});
      progress.begin(keyOf(topicPartition), from, offsets.latest);
      fetcher.assign(topicPartition, from);
    }
    if (open.size === 0) return;
    logger.info({stores: open.size, offsets: progress.total}, 'Restores stores');
    try {
      while (open.size > 0 && !signal.aborted) {
        for (const answer of await fetcher.poll(POLL_MS, signal)) {
          const key = keyOf(answer);
          const restoring = open.get(key);
          if (restoring === undefined) continue;
          const {changelog, end} = restoring;
          await onRestored(changelog, answer);
          await writes.start(key, async () => {
            await applyAnswer(changelog, answer);
            progress.applied(key, answer.records.length, answer.position);
          });
          if (answer.position >= end) {
            open.delete(key);
            fetcher.unassign(answer);
          }
          await clock.yield();
          if (signal.aborted) break;
        }
      }
    } finally {
      await writes.done();
    }
    const ms = clock.now() - startedAt;
    const {records} = progress;
    const recordsPerSecond = Math.round((records * 1000) / Math.max(1, ms));
    logger.info(
      {records, ms, recordsPerSecond},
      open.size === 0 ? 'Has restored its stores' : 'Stops restoring: its generation has ended',
    );
  } finally {
    await fetcher.close();
  }
}

/** Where to start reading a changelog, and why the store's rows are worthless, where they are. */
export function restoreStart(
  {store, topicPartition, topicId, hasProgress}: StoreChangelog,
  {earliest, latest}: PartitionOffsets,
): {readonly from: number; readonly wipe?: string} {
  const checkpoint: Checkpoint | undefined = store.checkpoint;
  if (checkpoint === undefined) {
    return store.isEmpty ? {from: earliest} : {from: earliest, wipe: 'it has no checkpoint'};
  }
  if (checkpoint.topicId !== topicId) {
    if (hasProgress && latest === 0) {
      const {topic} = topicPartition;
      throw new FatalError(
        'STATE_CORRUPTED',
        `Changelog ${topic} was deleted and created anew: the rows of store ${store.name} are lost, though the input they came from is committed as processed. Run "millrace reset" to process it again.`,
      );
    }
    return {from: earliest, wipe: 'its changelog was created anew'};
  }
  if (checkpoint.offset > latest) {
    return {from: earliest, wipe: `it stands at ${checkpoint.offset}, past the end ${latest}`};
  }
  if (checkpoint.offset < earliest) {
    return {
      from: earliest,
      wipe: `it stands at ${checkpoint.offset}, before the start ${earliest}`,
    };
  }
  return {from: checkpoint.offset};
}

/** Applies one slice, together with where the store stands then. */
export async function applyAnswer(
  {store, topicId}: Pick<StoreChangelog, 'store' | 'topicId'>,
  {records, position}: FetchedPartition,
): Promise<void> {
  if (store.checkpoint?.offset === position) return;
  const writes: StoreWrite[] = [];
  for (const {key, value, headers} of records) {
    if (key === null) continue;
    writes.push([key, value === null ? undefined : storedValue(value, lineageOf(headers))]);
  }
  await store.apply(writes, {topicId, offset: position});
}

function keyOf({topic, partition}: TopicPartition): string {
  return `${topic}-${partition}`;
}
