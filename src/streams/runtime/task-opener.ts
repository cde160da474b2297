import type {Clock} from '../../common/clock.ts';
import type {Logger} from '../../common/logger.ts';
import type {Metrics} from '../../common/metrics.ts';
import type {KafkaClient, TopicPartition} from '../../kafka/client.ts';
import {LineageInput} from '../../serde/lineage/lineage-input.ts';
import type {Serdes} from '../../serde/serde.ts';
import type {CommittedStore, StoreSize} from '../../state/committed-store.ts';
import {TypedStore} from '../../state/typed-store.ts';
import type {SourceNode, StoreSpec} from '../topology/node.ts';
import {refusal} from '../topology/source-admission.ts';
import type {Topology} from '../topology/topology.ts';
import {NodeMeters} from './node-meters.ts';
import {storeKey} from './queries/store-view.ts';
import type {Output, RecordCollector} from './record-collector.ts';
import {RecordQueue} from './record-queue.ts';
import {RecordReader} from './record-reader.ts';
import type {ErrorsTolerance} from './record-reader.ts';
import {RestoreProgress} from './restore-progress.ts';
import {restoreStores} from './restorer.ts';
import type {StoreChangelog} from './restorer.ts';
import {StreamTask} from './stream-task.ts';
import type {TaskInput, TaskStore} from './stream-task.ts';
import {TaskGraph} from './task-graph.ts';
import type {WriteContext} from './task-graph.ts';
import {taskId} from './task-plan.ts';
import type {TaskGroup, TaskPlace, TaskPlan} from './task-plan.ts';
import type {LettingGo, TaskStores} from './task-stores.ts';
import {changelogName, topicName} from './topic-names.ts';
import type {KeyValueDeserializers, KeyValueSerdes, TopologySerdes} from './topic-serdes.ts';

export interface TaskEnvironment {
  readonly applicationId: string;
  readonly topology: Topology;
  readonly plan: TaskPlan;
  readonly topicIds: ReadonlyMap<string, string>;
  readonly kafka: KafkaClient;
  readonly clock: Clock;
  readonly stores: TaskStores;
  readonly serdes: Serdes;
  readonly topicSerdes: TopologySerdes;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tolerance: ErrorsTolerance;
  readonly keepsLineage: boolean;
  readonly maxBufferedRecords: number;
  readonly maxCachedRows: number;
}

export interface OpenTask {
  readonly task: StreamTask;
  readonly inputs: readonly TaskInput[];
}

interface OpenedStore {
  readonly taskId: string;
  readonly partition: number;
  readonly store: CommittedStore;
}

export interface NamedStoreSize extends StoreSize {
  readonly task: string;
  readonly store: string;
}

/** Opened stores of one task, before its nodes exist. */
interface OpenStore {
  readonly spec: StoreSpec;
  readonly committed: CommittedStore;
}

/**
 * Opens the tasks of one session: their stores, restored to the end of their changelogs, and their positions, read
 * with `require_stable`. The producer must have been initialised before, so that no earlier transaction is still open.
 */
export class TaskOpener {
  readonly #env: TaskEnvironment;
  readonly #collector: RecordCollector;
  readonly #deadLetters: Output | undefined;
  readonly #opened: OpenedStore[] = [];
  readonly progress = new RestoreProgress();

  constructor(env: TaskEnvironment, collector: RecordCollector, deadLetters: Output | undefined) {
    this.#env = env;
    this.#collector = collector;
    this.#deadLetters = deadLetters;
  }

  /** The tasks, ready to process; their source partitions are not assigned yet. */
  async open(places: readonly TaskPlace[], signal: AbortSignal): Promise<readonly OpenTask[]> {
    const positions = await this.#positions(places);
    const changelogs: StoreChangelog[] = [];
    const stores: OpenStore[][] = [];
    for (const place of places) {
      const hasProgress = place.group.sources.some(
        (source) => positions.get(nameOf(this.#partition(source, place)))?.committed === true,
      );
      const opened: OpenStore[] = [];
      for (const spec of place.group.stores) {
        const committed = await this.#env.stores.open(taskId(place), spec.name);
        const {partition} = place;
        this.#opened.push({taskId: taskId(place), partition, store: committed});
        opened.push({spec, committed});
        changelogs.push({...this.#changelog(spec, place), store: committed, hasProgress});
      }
      stores.push(opened);
    }
    const {kafka, clock, logger, metrics} = this.#env;
    await restoreStores(changelogs, {
      kafka,
      clock,
      logger,
      signal,
      progress: this.progress,
      onRestored: async ({store}, {records}) => {
        const {name} = store;
        const spec = this.#env.topology.stores.find((candidate) => candidate.name === name);
        const values = records.map(({value}) => value);
        if (spec !== undefined) await this.#env.serdes.resolve(spec.changelog.value, values);
        metrics.count('millrace_restored_records_total', {store: name}, records.length);
      },
    });
    return places.map((place, i) => this.#task(place, stores[i] ?? [], positions));
  }

  /** What is open, by {@link storeKey}. */
  stores(): ReadonlyMap<string, CommittedStore> {
    return new Map(
      this.#opened.map(({store, partition}) => [storeKey(store.name, partition), store]),
    );
  }

  /** How much the stores hold, as of about now; those that are just being closed are left out. */
  async storeSizes(): Promise<readonly NamedStoreSize[]> {
    const sizes = await Promise.all(
      this.#opened.map(async ({taskId: task, store}) => {
        const size = await store.size();
        return size === undefined ? [] : [{task, store: store.name, ...size}];
      }),
    );
    return sizes.flat();
  }

  /** Lets go of the stores; uncommitted writes are gone. */
  async close(how: LettingGo): Promise<void> {
    const {stores} = this.#env;
    const results = await Promise.allSettled(
      this.#opened.splice(0).map(async ({taskId: id, store}) => stores[how](id, store)),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async #positions(
    places: readonly TaskPlace[],
  ): Promise<ReadonlyMap<string, {readonly offset: number; readonly committed: boolean}>> {
    const partitions = places.flatMap((place) =>
      place.group.sources.map((source) => this.#partition(source, place)),
    );
    const {admin} = this.#env.kafka;
    const [committed, logs] = await Promise.all([
      admin.committedOffsets(this.#env.applicationId, partitions),
      admin.offsets(partitions),
    ]);
    return new Map(
      partitions.map((partition, i) => {
        const offset = committed[i] ?? null;
        const position = {offset: offset ?? logs[i]?.earliest ?? 0, committed: offset !== null};
        return [nameOf(partition), position];
      }),
    );
  }

  #task(
    place: TaskPlace,
    opened: readonly OpenStore[],
    positions: ReadonlyMap<string, {readonly offset: number}>,
  ): OpenTask {
    const {group, partition} = place;
    const {topology, plan, serdes, clock, metrics, maxBufferedRecords} = this.#env;
    const meters = new NodeMeters(clock);
    const context: WriteContext = {timestamp: 0, headers: []};
    const stores = opened.map((store) => this.#store(store, place, context));
    const graph = new TaskGraph({
      topology,
      nodes: group.nodes,
      handsOn: plan.handsOn,
      stores: new Map(stores.map(({store}) => [store.name, store])),
      publishedStores: new Set(stores.filter((s) => s.published).map(({store}) => store.name)),
      outputs: this.#outputs(group),
      context,
      meters,
    });
    const inputs = group.sources.map((source) => {
      const topicPartition = this.#partition(source, place);
      const offset = positions.get(nameOf(topicPartition))?.offset ?? 0;
      return this.#input(source, new RecordQueue(source, topicPartition, offset), graph, place);
    });
    const task = new StreamTask({
      id: taskId(place),
      partition,
      inputs,
      stores,
      graph,
      context,
      serdes,
      clock,
      metrics,
      meters,
      maxBufferedRecords,
    });
    return {task, inputs};
  }

  #input(source: SourceNode, queue: RecordQueue, graph: TaskGraph, place: TaskPlace): TaskInput {
    const dropped = graph.dropper(source.name);
    return {
      queue,
      reader: new RecordReader({
        applicationId: this.#env.applicationId,
        taskId: taskId(place),
        topicPartition: queue.topicPartition,
        deserializers: this.#env.topicSerdes.sources.get(
          source.topic.name,
        ) as KeyValueDeserializers,
        tolerance: this.#env.tolerance,
        deadLetters: this.#deadLetters,
        lineage: this.#env.keepsLineage
          ? new LineageInput({...queue.topicPartition, isOrigin: !source.repartitioned})
          : undefined,
      }),
      process: graph.source(source),
      refuse: ({key, value}) => {
        const reason = refusal(source, key, value);
        if (reason === undefined) return false;
        dropped(reason);
        return true;
      },
    };
  }

  #store({spec, committed}: OpenStore, place: TaskPlace, context: WriteContext): TaskStore {
    const serdes = this.#env.topicSerdes.stores.get(spec.name) as KeyValueSerdes;
    const {topicPartition, topicId} = this.#changelog(spec, place);
    const {topic, partition} = topicPartition;
    const changelog = this.#collector.output(topic, this.#partitions(topic), serdes);
    const onWrite = (key: Buffer, value: Buffer | null): void => {
      const {timestamp, headers} = context;
      changelog.writeTo(partition, {key, value, timestamp, headers});
    };
    const store = new TypedStore<unknown, unknown>(committed, {
      keySchema: spec.changelog.key.schema,
      ...serdes,
      maxCachedRows: this.#env.maxCachedRows,
      ...(spec.published ? {onWrite} : {}),
    });
    return {
      store,
      changelog,
      changelogPartition: topicPartition,
      published: spec.published,
      topicId,
    };
  }

  #outputs(group: TaskGroup): ReadonlyMap<string, Output> {
    const outputs = new Map<string, Output>();
    for (const node of group.nodes) {
      if (node.kind !== 'sink') continue;
      const serializers = this.#env.topicSerdes.sinks.get(node.topic.name);
      if (serializers === undefined) continue;
      const name = topicName(this.#env.applicationId, node.topic);
      const output = this.#collector.output(name, this.#partitions(name), serializers);
      outputs.set(node.topic.name, output);
    }
    return outputs;
  }

  #changelog(
    spec: StoreSpec,
    {partition}: TaskPlace,
  ): {readonly topicPartition: TopicPartition; readonly topicId: string} {
    const topic = changelogName(this.#env.applicationId, spec);
    const topicId = this.#env.topicIds.get(topic) ?? '';
    return {topicPartition: {topic, partition}, topicId};
  }

  #partition(source: SourceNode, {partition}: TaskPlace): TopicPartition {
    return {topic: topicName(this.#env.applicationId, source.topic), partition};
  }

  #partitions(topic: string): number {
    return this.#env.plan.partitions.get(topic) ?? 1;
  }
}

function nameOf({topic, partition}: TopicPartition): string {
  return `${topic}-${partition}`;
}
