import {aborted} from '../common/aborted.ts';
import {FatalError} from '../common/errors.ts';
import type {TopicDescription, TopicPartition} from '../kafka/client.ts';
import {DeadLetterQueue} from './dead-letter-queue.ts';
import type {SinkConnectorDeps} from './connector-options.ts';
import {RecordConverter} from './record-converter.ts';
import {RegisteredConverter} from './registered-converter.ts';
import {SinkTask} from './sink-task.ts';
import type {SinkTaskStatus} from './sink-task.ts';
import {tableDefinitions} from './table-definition.ts';

/** The tasks of a connector, one per partition, that run and end together. */
export class SinkTasks {
  readonly #tasks = new Map<string, SinkTask>();
  /** Tasks that have not shown yet that they get on. */
  readonly #unproven: Set<string>;
  readonly #onProven: () => void;

  /** `onProven` is called once all have written, or found nothing to write; `onRows` for each write. */
  constructor(
    deps: SinkConnectorDeps & {readonly groupId: string},
    topics: readonly TopicDescription[],
    assignment: readonly TopicPartition[],
    {onProven, onRows}: {readonly onProven: () => void; readonly onRows: (rows: number) => void},
  ) {
    this.#onProven = onProven;
    for (const partition of assignment) {
      const name = `${partition.topic}-${partition.partition}`;
      const onProgress = (rows: number): void => {
        onRows(rows);
        this.#proven(name);
      };
      this.#tasks.set(name, createTask(deps, topics, partition, onProgress));
    }
    this.#unproven = new Set(this.#tasks.keys());
  }

  /** Resolves when `signal` aborts and all have ended. The first failure ends the others, and is thrown then. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#tasks.size === 0) {
      this.#onProven();
      await aborted(signal);
      return;
    }
    const stop = new AbortController();
    const until = AbortSignal.any([signal, stop.signal]);
    const failures: unknown[] = [];
    await Promise.all(
      [...this.#tasks.values()].map(async (task) => {
        try {
          await task.run(until);
        } catch (error) {
          failures.push(error);
          stop.abort();
        }
      }),
    );
    if (failures.length > 0) throw failures[0];
  }

  status(): Readonly<Record<string, SinkTaskStatus>> {
    return Object.fromEntries([...this.#tasks].map(([name, task]) => [name, task.status()]));
  }

  /** Since when the oldest batch of those that are being written is. */
  get writingSince(): number | undefined {
    const since = [...this.#tasks.values()].flatMap(({writingSince}) => writingSince ?? []);
    return since.length === 0 ? undefined : Math.min(...since);
  }

  #proven(name: string): void {
    if (this.#unproven.delete(name) && this.#unproven.size === 0) this.#onProven();
  }
}

function createTask(
  deps: SinkConnectorDeps & {readonly groupId: string},
  topics: readonly TopicDescription[],
  topicPartition: TopicPartition,
  onProgress: (rows: number) => void,
): SinkTask {
  const {options, groupId, kafka, serdes, registry} = deps;
  const {topic, partition} = topicPartition;
  const declared = options.topics.find(({name}) => name === topic);
  const table = tableDefinitions(options.topics, options.tableNameFormat).get(topic);
  const described = topics.find(({name}) => name === topic);
  if (declared === undefined || table === undefined || described === undefined) {
    throw new FatalError(
      'KAFKA_TOPIC_MISSING',
      `sink ${options.name}: topic ${topic} does not exist`,
    );
  }
  const from = {
    connectorName: options.name,
    taskId: `${topic}-${partition}`,
    topicPartition,
  };
  const {insertMode, deleteEnabled: deletes, deadLetterTopic} = options;
  const rows = {insertMode, deletes, keepsRecords: deadLetterTopic !== undefined};
  return new SinkTask({
    ...deps,
    source: {
      sink: options.name,
      topic,
      topicId: described.topicId,
      partition,
      table,
      insertMode,
      autoCreate: options.autoCreate,
      autoEvolve: options.autoEvolve,
    },
    converter:
      declared.value === undefined
        ? new RegisteredConverter({...rows, topic, name: table.name, registry})
        : new RecordConverter({...rows, topic: declared}, serdes),
    limits: options.limits,
    tolerance: options.errorsTolerance,
    deadLetters:
      deadLetterTopic === undefined
        ? undefined
        : new DeadLetterQueue({kafka, topic: deadLetterTopic, groupId, from}),
    onProgress,
  });
}
