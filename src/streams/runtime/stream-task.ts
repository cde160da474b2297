import type {Clock} from '../../common/clock.ts';
import {FatalError, ServiceError, messageOf} from '../../common/errors.ts';
import type {Metrics} from '../../common/metrics.ts';
import type {
  ConsumedRecord,
  FetchedPartition,
  Fetcher,
  OffsetCommit,
  TopicPartition,
} from '../../kafka/client.ts';
import {LINEAGE_HEADER} from '../../serde/lineage/lineage-bytes.ts';
import type {Serdes} from '../../serde/serde.ts';
import type {RowWrite, TypedStore} from '../../state/typed-store.ts';
import type {Process} from '../processor.ts';
import {NO_INPUT, nextInput} from './input-order.ts';
import type {NodeMeters} from './node-meters.ts';
import type {Output} from './record-collector.ts';
import type {RecordQueue} from './record-queue.ts';
import type {RecordReader} from './record-reader.ts';
import type {TaskGraph, WriteContext} from './task-graph.ts';

/** A source partition of a task, and what happens to its records. */
export interface TaskInput {
  readonly queue: RecordQueue;
  readonly reader: RecordReader;
  readonly process: Process<unknown, unknown>;
  /** Drops by the source node itself. */
  readonly refuse: (record: ConsumedRecord) => boolean;
}

/** A store of a task and where its changes go. */
export interface TaskStore {
  readonly store: TypedStore<unknown, unknown>;
  readonly changelog: Output;
  readonly changelogPartition: TopicPartition;
  readonly published: boolean;
  readonly topicId: string;
}

export interface StreamTaskOptions {
  readonly id: string;
  readonly partition: number;
  readonly inputs: readonly TaskInput[];
  readonly stores: readonly TaskStore[];
  readonly graph: TaskGraph;
  readonly context: WriteContext;
  readonly serdes: Serdes;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly meters: NodeMeters;
  /** Records of one partition that may wait before it is paused. */
  readonly maxBufferedRecords: number;
}

/** The uncommitted writes of one store, between sending and committing them. */
export interface PendingStore extends TaskStore {
  readonly writes: readonly RowWrite[];
}

/**
 * One partition of one sub-topology: its queues, its nodes and its stores.
 *
 * Processing is synchronous and writes to memory only; what it wrote becomes durable, or vanishes, as a whole.
 */
export class StreamTask {
  readonly id: string;
  /** Records processed since the last commit. */
  uncommitted = 0;
  /** Why nothing more was processed: NO_INPUT, AWAIT_ANSWER or AWAIT_RECORDS. */
  waitsFor = NO_INPUT;
  readonly #options: StreamTaskOptions;
  readonly #queues: readonly RecordQueue[];
  readonly #committed = new Map<RecordQueue, number>();
  /** Highest timestamp processed: stream time. */
  #streamTime = 0;
  /** The time that records are read at: asking for it costs about what reading one does, so it is a few records old. */
  #now = 0;
  /** Microseconds of processing since the last commit. */
  #busyMicros = 0;
  /** Lowest timestamp processed since the last commit. */
  #oldest = Infinity;

  constructor(options: StreamTaskOptions) {
    this.id = options.id;
    this.#options = options;
    this.#queues = options.inputs.map(({queue}) => queue);
    for (const queue of this.#queues) this.#committed.set(queue, queue.nextOffset);
  }

  /** Takes over what was fetched of one of its partitions, and pauses the partition when that is enough. */
  async push(input: TaskInput, fetched: FetchedPartition, fetcher: Fetcher): Promise<void> {
    const {queue} = input;
    const {records} = fetched;
    if (records.length > 0) {
      const {topic} = queue.source;
      const {serdes} = this.#options;
      if (topic.key.name === 'JSON_SR')
        await serdes.resolve(
          topic.key,
          records.map(({key}) => key),
        );
      if (topic.value.name === 'JSON_SR')
        await serdes.resolve(
          topic.value,
          records.map(({value}) => value),
        );
    }
    queue.push(fetched);
    if (queue.isPaused || queue.size <= this.#options.maxBufferedRecords) return;
    queue.isPaused = true;
    fetcher.pause(queue.topicPartition);
  }

  /** Processes up to `max` records in the order of {@link nextInput}; fewer when it has to wait. */
  process(max: number): number {
    const {inputs} = this.#options;
    const queues = this.#queues;
    const {clock, meters} = this.#options;
    const start = clock.nowMicros();
    this.#now = clock.now();
    let processed = 0;
    while (processed < max) {
      const next = nextInput(queues);
      if (next < 0) {
        this.waitsFor = next;
        break;
      }
      this.#processHead(inputs[next] as TaskInput);
      processed++;
    }
    this.uncommitted += processed;
    if (processed > 0) {
      const took = clock.nowMicros() - start;
      this.#busyMicros += took;
      meters.busy(took);
    }
    return processed;
  }

  /** Lets partitions be fetched again whose queues are half empty. */
  resume(fetcher: Fetcher): void {
    for (const queue of this.#queues) {
      if (!queue.isPaused || queue.size > this.#options.maxBufferedRecords / 2) continue;
      queue.isPaused = false;
      fetcher.resume(queue.topicPartition);
    }
  }

  /** Adds the changes of unpublished stores to their changelogs; the caller sends what all tasks gathered. */
  flush(): readonly PendingStore[] {
    const {stores, partition} = this.#options;
    return stores.flatMap((taskStore) => {
      const writes = taskStore.store.takeWrites();
      if (writes.length === 0) return [];
      if (!taskStore.published) {
        for (const [key, value, lineage] of writes) {
          taskStore.changelog.writeTo(partition, {
            key,
            value: value ?? null,
            timestamp: this.#streamTime,
            headers: lineage === undefined ? [] : [{key: LINEAGE_HEADER, value: lineage}],
          });
        }
      }
      return [{...taskStore, writes}];
    });
  }

  /** The offsets that have moved since the last commit. */
  offsets(): readonly OffsetCommit[] {
    return this.#queues
      .filter((queue) => queue.nextOffset !== this.#committed.get(queue))
      .map((queue) => ({...queue.topicPartition, offset: queue.nextOffset}));
  }

  /** All offsets that are durable. */
  committedOffsets(): readonly OffsetCommit[] {
    return [...this.#committed].map(([{topicPartition}, offset]) => ({...topicPartition, offset}));
  }

  /** Notes that the transaction is durable in Kafka, and counts what was in it. */
  committed(): void {
    const {graph, inputs, metrics, meters, clock} = this.#options;
    const labels = {task: this.id};
    for (const queue of this.#queues) this.#committed.set(queue, queue.nextOffset);
    metrics.count('millrace_streams_records_total', labels, this.uncommitted);
    metrics.count('millrace_streams_process_seconds_total', labels, this.#busyMicros / 1e6);
    this.#busyMicros = 0;
    metrics.count('millrace_streams_commits_total', labels);
    const seconds = Math.max(0, clock.now() - this.#oldest) / 1000;
    metrics.observe('millrace_streams_record_e2e_latency_seconds', labels, seconds);
    this.#oldest = Infinity;
    meters.take((node, records, busySeconds) => {
      metrics.count('millrace_streams_process_total', {...labels, node}, records);
      if (busySeconds > 0) {
        metrics.count('millrace_streams_node_busy_seconds_total', {...labels, node}, busySeconds);
      }
    });
    graph.takeDropped((node, reason, count) =>
      metrics.count('millrace_streams_dropped_records_total', {node, reason}, count),
    );
    for (const {reader, queue} of inputs) {
      if (reader.skipped === 0) continue;
      const {topic} = queue.topicPartition;
      metrics.count('millrace_skipped_records_total', {topic}, reader.skipped);
      if (reader.keepsSkipped) {
        const from = {component: 'streams', topic};
        metrics.count('millrace_dead_letters_total', from, reader.skipped);
      }
      reader.skipped = 0;
    }
    this.uncommitted = 0;
  }

  status(): object {
    return {
      state: 'running',
      offsets: Object.fromEntries(
        this.#queues.map((queue) => [
          nameOf(queue.topicPartition),
          {
            offset: this.#durableOffset(queue),
            lag:
              queue.highWatermark === undefined
                ? undefined
                : Math.max(0, queue.highWatermark - this.#durableOffset(queue)),
          },
        ]),
      ),
    };
  }

  /** Everything before it is committed, or was nothing to commit: control records, records that were aborted. */
  #durableOffset(queue: RecordQueue): number {
    return this.uncommitted === 0
      ? queue.nextOffset
      : (this.#committed.get(queue) ?? queue.nextOffset);
  }

  #processHead(input: TaskInput): void {
    const {queue, refuse} = input;
    const {meters, clock} = this.#options;
    const consumed = queue.shift();
    const {timestamp} = consumed;
    if (timestamp > this.#streamTime) this.#streamTime = timestamp;
    if (timestamp < this.#oldest) this.#oldest = timestamp;
    if (refuse(consumed)) return;
    if (meters.isDue()) {
      this.#now = clock.now();
      meters.timed(queue.source.name, () => processRecord(input, consumed, this.#now));
    } else {
      processRecord(input, consumed, this.#now);
    }
  }
}

function processRecord(
  {queue, reader, process}: TaskInput,
  consumed: ConsumedRecord,
  now: number,
): void {
  const record = reader.read(consumed, now);
  if (record === undefined) return;
  try {
    process(record);
  } catch (error) {
    throw atRecord(error, queue.topicPartition, consumed.offset);
  }
}

/** A failure of an operator or a serializer, with the record that led to it; TaskErrors stay what they are. */
function atRecord(error: unknown, topicPartition: TopicPartition, offset: number): unknown {
  const where = `${nameOf(topicPartition)}@${offset}`;
  if (error instanceof FatalError) {
    const message = `${error.message} (while processing ${where})`;
    return new FatalError(error.code, message, {cause: error});
  }
  if (error instanceof ServiceError) return error;
  return new FatalError(
    'PROCESSING_FAILED',
    `The topology failed on record ${where}: ${messageOf(error)}. Correct the operator; the record is processed again at the next start.`,
    {cause: error},
  );
}

function nameOf({topic, partition}: TopicPartition): string {
  return `${topic}-${partition}`;
}
