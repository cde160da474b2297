import {FatalError, TaskError, messageOf} from '../../common/errors.ts';
import type {
  FetchedPartition,
  Fetcher,
  GroupGeneration,
  TopicPartition,
  TransactionalProducer,
} from '../../kafka/client.ts';
import type {Serializer} from '../../serde/serde.ts';
import type {CommittedStore} from '../../state/committed-store.ts';
import {UnreadableRowError} from '../../state/typed-store.ts';
import {AWAIT_ANSWER} from './input-order.ts';
import {RecordCollector} from './record-collector.ts';
import type {TaskInput, StreamTask} from './stream-task.ts';
import {decodeAssignmentInfo} from './assignment-info.ts';
import {StandbyTasks} from './standby-tasks.ts';
import {TaskOpener} from './task-opener.ts';
import type {NamedStoreSize, TaskEnvironment} from './task-opener.ts';
import {allPlaces, taskId} from './task-plan.ts';
import type {TaskPlace} from './task-plan.ts';
import {changelogName, topicName} from './topic-names.ts';

export interface SessionOptions {
  readonly env: TaskEnvironment;
  readonly producer: TransactionalProducer;
  readonly generation: GroupGeneration;
  readonly commitIntervalMs: number;
  readonly deadLetterTopic: string | undefined;
  /** Called once the stores of its tasks are restored. */
  readonly onRunning: () => void;
  /** Called when what was read is committed: the last failure is overcome. */
  readonly onCaughtUp: () => void;
}

/** Records processed before the session looks up, for what was fetched meanwhile and whether a commit is due. */
const MAX_RECORDS_PER_TURN = 2000;
/** Records processed in one go: a few milliseconds, for queries, timers and heartbeats wait that long. */
const MAX_RECORDS_AT_ONCE = 200;

/** Commit before the interval has passed when this much waits to be written, to bound memory. */
const MAX_UNCOMMITTED_BYTES = 8 << 20;
/** `repartition.purge.interval.ms` of Kafka Streams. */
const PURGE_INTERVAL_MS = 30_000;

/** How long a fetch waits when nothing is to be done. */
const IDLE_POLL_MS = 1000;

/**
 * The tasks of one generation, from their last committed state until the generation ends or something fails.
 *
 * One transaction at a time holds what all tasks wrote. It is committed as soon as nothing more can be processed, and
 * at the latest after the commit interval.
 */
export class TaskSession {
  readonly #options: SessionOptions;
  readonly #collector = new RecordCollector();
  readonly #opener: TaskOpener;
  readonly #fetcher: Fetcher;
  readonly #inputs = new Map<string, {readonly task: StreamTask; readonly input: TaskInput}>();
  readonly #places: readonly TaskPlace[];
  readonly #standbys: StandbyTasks;
  /** Ends the standbys. */
  readonly #closing = new AbortController();
  #standbyRun: Promise<void> = Promise.resolve();
  #tasks: readonly StreamTask[] = [];
  #isRunning = false;
  #stores: ReadonlyMap<string, CommittedStore> = new Map();
  /** It has ended, and nothing has failed. */
  #isSound = false;
  #inTransaction = false;
  #lastCommit: number;
  #lastPurge: number;

  constructor(options: SessionOptions) {
    const {env, generation, deadLetterTopic} = options;
    this.#options = options;
    const deadLetters =
      deadLetterTopic === undefined
        ? undefined
        : this.#collector.output(deadLetterTopic, env.plan.partitions.get(deadLetterTopic) ?? 1, {
            key: bytesOnly,
            value: bytesOnly,
          });
    this.#opener = new TaskOpener(env, this.#collector, deadLetters);
    this.#fetcher = env.kafka.fetcher({isolation: 'read_committed'});
    this.#places = assignedPlaces(env, generation.assignment);
    this.#standbys = new StandbyTasks(env, standbyPlaces(env, generation.userData));
    this.#lastCommit = env.clock.now();
    this.#lastPurge = this.#lastCommit;
  }

  /** What its tasks have committed, for queries; nothing before they run. */
  get stores(): ReadonlyMap<string, CommittedStore> {
    return this.#stores;
  }

  /** Resolves when `signal` aborts, with everything that was processed committed. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#run(signal);
    this.#isSound = true;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const {producer, env} = this.#options;
    await producer.init();
    const opened = await this.#opener.open(this.#places, signal);
    if (signal.aborted) return;
    this.#tasks = opened.map(({task}) => task);
    for (const {task, inputs} of opened) {
      for (const input of inputs) {
        const {topicPartition, position} = input.queue;
        this.#inputs.set(keyOf(topicPartition), {task, input});
        this.#fetcher.assign(topicPartition, position);
      }
    }
    this.#isRunning = true;
    this.#options.onRunning();
    this.#stores = this.#opener.stores();
    env.logger.info({tasks: this.#places.map(taskId)}, 'Processes its tasks');
    try {
      const standbyFailed = new AbortController();
      this.#standbyRun = this.#keepWarm(signal).catch((error: unknown) =>
        standbyFailed.abort(error),
      );
      const ended = AbortSignal.any([signal, standbyFailed.signal]);
      while (!ended.aborted) await this.#turn(ended);
      if (this.#hasUncommitted()) await this.#commit();
      standbyFailed.signal.throwIfAborted();
    } catch (error) {
      throw await this.#explained(error);
    }
  }

  /** Drops what is not committed, and lets go of the stores; the next session finds them open, unless something has failed. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#stores = new Map();
    if (this.#inTransaction) {
      // What it left open holds up readers until the next init; that aborts it too, should this fail.
      await this.#options.producer.abort().catch(() => undefined);
    }
    await this.#fetcher.close();
    await this.#standbyRun;
    const how = this.#isSound ? 'keep' : 'close';
    await this.#standbys.close(how);
    await this.#opener.close(how);
  }

  status(): object {
    return {
      tasks: Object.fromEntries(
        this.#isRunning
          ? this.#tasks.map((task) => [task.id, task.status()])
          : this.#places.map((place) => [taskId(place), {state: 'restoring'}]),
      ),
      restored: this.#opener.progress.status(),
      standbys: this.#standbys.status(),
    };
  }

  /** How much the stores of its own tasks hold. */
  storeSizes(): Promise<readonly NamedStoreSize[]> {
    return this.#opener.storeSizes();
  }

  /** Only once the own tasks run: they come first. */
  async #keepWarm(signal: AbortSignal): Promise<void> {
    const ended = AbortSignal.any([signal, this.#closing.signal]);
    await this.#standbys.open(ended);
    if (ended.aborted) return;
    await this.#options.env.stores.releaseUnused();
    await this.#standbys.run(ended);
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const {env, commitIntervalMs} = this.#options;
    let isBusy = false;
    let awaitsAnswer = false;
    for (const task of this.#tasks) {
      const processed = await this.#process(task);
      task.resume(this.#fetcher);
      if (processed === MAX_RECORDS_PER_TURN) isBusy = true;
      else if (task.waitsFor === AWAIT_ANSWER) awaitsAnswer = true;
    }
    const isDue =
      !isBusy ||
      env.clock.now() - this.#lastCommit >= commitIntervalMs ||
      this.#collector.bytes >= MAX_UNCOMMITTED_BYTES;
    if (isDue && this.#hasUncommitted()) await this.#commit();
    const answers = await this.#fetcher.poll(isBusy || awaitsAnswer ? 0 : IDLE_POLL_MS, signal);
    for (const answer of answers) await this.#push(answer);
    if (!isBusy && answers.every(({records}) => records.length === 0)) {
      this.#options.onCaughtUp();
    }
  }

  /** Up to a turn's records; returns how many there were. */
  async #process(task: StreamTask): Promise<number> {
    let processed = 0;
    for (;;) {
      const count = task.process(MAX_RECORDS_AT_ONCE);
      processed += count;
      if (count < MAX_RECORDS_AT_ONCE || processed >= MAX_RECORDS_PER_TURN) return processed;
      await this.#options.env.clock.yield();
    }
  }

  async #push(answer: FetchedPartition): Promise<void> {
    const known = this.#inputs.get(keyOf(answer));
    if (known !== undefined) await known.task.push(known.input, answer, this.#fetcher);
  }

  /** Lets go of what the tasks have read of their repartition topics, which nobody else reads. */
  #purge(): void {
    const {env} = this.#options;
    this.#lastPurge = env.clock.now();
    const repartition = repartitionTopics(env);
    const read = this.#tasks
      .flatMap((task) => task.committedOffsets())
      .filter(({topic}) => repartition.has(topic));
    if (read.length === 0) return;
    env.kafka.admin.deleteRecords(read).catch((error: unknown) => {
      // Nothing is lost: they take up space until the next time.
      env.logger.warn({reason: messageOf(error)}, 'Cannot delete records of repartition topics');
    });
  }

  #hasUncommitted(): boolean {
    return this.#tasks.some((task) => task.uncommitted > 0);
  }

  async #commit(): Promise<void> {
    const {producer, generation, env} = this.#options;
    const start = env.clock.nowMicros();
    const tasks = this.#tasks.filter((task) => task.uncommitted > 0);
    const pending = tasks.flatMap((task) => task.flush());
    const batches = this.#collector.take();
    producer.begin();
    this.#inTransaction = true;
    const produced = batches.length === 0 ? [] : await producer.send(batches);
    await producer.sendOffsets(
      generation,
      tasks.flatMap((task) => task.offsets()),
    );
    // From here on the outcome is not known until the answer: there is nothing left to abort.
    this.#inTransaction = false;
    await producer.commit();
    const ends = new Map<string, number>();
    for (const batch of produced) ends.set(keyOf(batch), batch.nextOffset);
    await Promise.all(
      pending.map(async ({store, changelogPartition, topicId, writes}) => {
        const offset = ends.get(keyOf(changelogPartition));
        if (offset === undefined) throw new Error(`store ${store.name} was changed unlogged`);
        await store.commit(writes, {topicId, offset});
      }),
    );
    for (const task of tasks) task.committed();
    const {metrics} = env;
    for (const {topic, records} of batches) {
      metrics.count('millrace_streams_records_produced_total', {topic}, records.count);
    }
    const seconds = (env.clock.nowMicros() - start) / 1e6;
    metrics.observe('millrace_streams_commit_latency_seconds', {}, seconds);
    this.#lastCommit = env.clock.now();
    if (this.#lastCommit - this.#lastPurge >= PURGE_INTERVAL_MS) this.#purge();
    this.#options.onCaughtUp();
  }

  /** What a failure means for the service. */
  async #explained(error: unknown): Promise<unknown> {
    const {env} = this.#options;
    if (error instanceof UnreadableRowError) {
      const spec = env.topology.stores.find(({name}) => name === error.store);
      if (spec !== undefined) await env.serdes.resolve(spec.changelog.value, [error.bytes]);
    }
    if (error instanceof TaskError && error.code === 'KAFKA_OFFSET_OUT_OF_RANGE') {
      return new FatalError(
        error.code,
        `Input was deleted before it was processed: ${error.message}. Run "millrace reset" to start again from what is left, and keep the topic for longer (retention.ms).`,
        {cause: error},
      );
    }
    return error;
  }
}

/** The partitions of all groups of which every source is assigned. */
export function assignedPlaces(
  {plan, applicationId}: Pick<TaskEnvironment, 'plan' | 'applicationId'>,
  assignment: readonly TopicPartition[],
): readonly TaskPlace[] {
  const assigned = new Set(assignment.map(keyOf));
  return allPlaces(plan).filter(
    ({group, partition}) =>
      group.sources.length > 0 &&
      group.sources.every(({topic}) =>
        assigned.has(keyOf({topic: topicName(applicationId, topic), partition})),
      ),
  );
}

/** The tasks that the leader wants to be kept warm. */
export function standbyPlaces(
  {plan}: Pick<TaskEnvironment, 'plan'>,
  userData: Buffer,
): readonly TaskPlace[] {
  const standbys = new Set(decodeAssignmentInfo(userData).standbys);
  return allPlaces(plan).filter((place) => standbys.has(taskId(place)));
}

/** Names in Kafka of the topics that the application both writes and reads, and keeps nothing in. */
function repartitionTopics({plan, topology, applicationId}: TaskEnvironment): ReadonlySet<string> {
  const names = new Set(
    plan.groups.flatMap(({sources}) =>
      sources.flatMap(({topic}) => (topic.internal ? topicName(applicationId, topic) : [])),
    ),
  );
  for (const store of topology.stores) names.delete(changelogName(applicationId, store));
  return names;
}

/** Dead letters are copied as they are. */
const bytesOnly: Serializer<unknown> = {
  serialize: (value) => value as Buffer,
};

function keyOf({topic, partition}: TopicPartition): string {
  return `${topic}-${partition}`;
}
