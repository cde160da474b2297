import {RetriableError, TaskError, messageOf} from '../../common/errors.ts';
import type {FetchedPartition, Fetcher, TopicPartition} from '../../kafka/client.ts';
import type {StoreSpec} from '../topology/node.ts';
import {applyAnswer, restoreStart} from './restorer.ts';
import type {StoreChangelog} from './restorer.ts';
import type {TaskEnvironment} from './task-opener.ts';
import {taskId} from './task-plan.ts';
import type {TaskPlace} from './task-plan.ts';
import type {LettingGo} from './task-stores.ts';
import {changelogName} from './topic-names.ts';

/** Records applied in one go: a few milliseconds, so that active tasks hardly notice. */
const MAX_SLICE_RECORDS = 500;
/** Of each changelog, to bound memory. */
const MAX_FETCH_BYTES = 256 << 10;
const POLL_MS = 1000;
const RETRY_MS = 1000;

interface Standby extends StoreChangelog {
  readonly taskId: string;
  readonly spec: StoreSpec;
  /** How many offsets it was behind at the last answer; undefined before the first. */
  lag: number | undefined;
}

/**
 * The stores of tasks that run elsewhere, kept up with their changelogs, so that this process can take the tasks over
 * without a restore.
 *
 * A failure that may pass is logged and tried again: active tasks do not depend on it.
 */
export class StandbyTasks {
  readonly #env: TaskEnvironment;
  readonly #places: readonly TaskPlace[];
  readonly #standbys = new Map<string, Standby>();
  /** No store is known to be damaged. */
  #isSound = true;

  constructor(env: TaskEnvironment, places: readonly TaskPlace[]) {
    this.#env = env;
    this.#places = places;
  }

  /** Opens the stores; stops early when `signal` aborts. */
  async open(signal: AbortSignal): Promise<void> {
    const {applicationId, stores, topicIds} = this.#env;
    for (const place of this.#places) {
      const id = taskId(place);
      for (const spec of place.group.stores) {
        if (signal.aborted) return;
        const topic = changelogName(applicationId, spec);
        const topicPartition = {topic, partition: place.partition};
        this.#standbys.set(keyOf(topicPartition), {
          taskId: id,
          spec,
          store: await stores.open(id, spec.name),
          topicPartition,
          topicId: topicIds.get(topic) ?? '',
          // What is lost is for the active task to find.
          hasProgress: false,
          lag: undefined,
        });
      }
    }
  }

  /** Follows the changelogs of the opened stores until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const {kafka, clock, logger} = this.#env;
    if (this.#standbys.size === 0) return;
    logger.info({tasks: this.#places.map(taskId)}, 'Keeps tasks of others warm');
    while (!signal.aborted) {
      const fetcher = kafka.fetcher({
        isolation: 'read_committed',
        maxPartitionBytes: MAX_FETCH_BYTES,
      });
      try {
        await this.#begin(fetcher);
        while (!signal.aborted) await this.#turn(fetcher, signal);
      } catch (error) {
        if (!(error instanceof RetriableError || error instanceof TaskError)) throw error;
        if (error instanceof TaskError) this.#isSound = false;
        const {code} = error;
        logger.warn({code, reason: messageOf(error), waitMs: RETRY_MS}, 'Cannot keep tasks warm');
        await clock.sleep(RETRY_MS, signal);
      } finally {
        await fetcher.close();
      }
    }
  }

  /** Lets go of the stores; `run` must have ended. */
  async close(how: LettingGo): Promise<void> {
    const {stores} = this.#env;
    const lettingGo = this.#isSound ? how : 'close';
    const standbys = [...this.#standbys.values()];
    this.#standbys.clear();
    await Promise.all(standbys.map(async ({taskId: id, store}) => stores[lettingGo](id, store)));
  }

  /** By changelog partition: whose store it is, where it stands, and how far that is behind. */
  status(): Readonly<Record<string, object>> {
    return Object.fromEntries(
      [...this.#standbys].map(([changelog, {taskId: task, store, lag}]) => [
        changelog,
        {task, offset: store.checkpoint?.offset, lag},
      ]),
    );
  }

  /** Reads each changelog from where its store stands. */
  async #begin(fetcher: Fetcher): Promise<void> {
    const {kafka, logger} = this.#env;
    const standbys = [...this.#standbys.values()];
    const logs = await kafka.admin.offsets(standbys.map(({topicPartition}) => topicPartition));
    for (const [i, standby] of standbys.entries()) {
      const log = logs[i];
      if (log === undefined) continue;
      const {store, topicPartition} = standby;
      const {from, wipe} = restoreStart(standby, log);
      if (wipe !== undefined) {
        logger.warn(
          {store: store.name, partition: topicPartition.partition, reason: wipe},
          'Wipes a standby store and reads its changelog from the start',
        );
        await store.wipe();
      }
      fetcher.assign(topicPartition, from);
    }
  }

  async #turn(fetcher: Fetcher, signal: AbortSignal): Promise<void> {
    for (const answer of await fetcher.poll(POLL_MS, signal)) {
      for (const slice of slicesOf(answer)) {
        await this.#apply(slice);
        await this.#env.clock.yield();
        if (signal.aborted) return;
      }
    }
  }

  async #apply(answer: FetchedPartition): Promise<void> {
    const {serdes, metrics} = this.#env;
    const standby = this.#standbys.get(keyOf(answer));
    if (standby === undefined) return;
    const {spec, store} = standby;
    const {records, position, highWatermark} = answer;
    // So that its rows can be read at once when the task becomes active.
    const values = records.map(({value}) => value);
    await serdes.resolve(spec.changelog.value, values);
    await applyAnswer(standby, answer);
    metrics.count('millrace_standby_records_total', {store: store.name}, records.length);
    standby.lag = Math.max(0, highWatermark - position);
  }
}

/** An answer in parts, each of which ends where the next one's first record stands. */
function slicesOf(answer: FetchedPartition): readonly FetchedPartition[] {
  const {records, position} = answer;
  const count = Math.max(1, Math.ceil(records.length / MAX_SLICE_RECORDS));
  return Array.from({length: count}, (_, i) => {
    const end = (i + 1) * MAX_SLICE_RECORDS;
    return {
      ...answer,
      records: records.slice(i * MAX_SLICE_RECORDS, end),
      position: records[end]?.offset ?? position,
    };
  });
}

function keyOf({topic, partition}: TopicPartition): string {
  return `${topic}-${partition}`;
}
