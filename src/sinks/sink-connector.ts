import type {Clock} from '../common/clock.ts';
import type {Component, ComponentState, ComponentStatus} from '../common/component.ts';
import type {Conditions} from '../common/conditions.ts';
import {FatalError, ServiceError, messageOf} from '../common/errors.ts';
import type {Logger} from '../common/logger.ts';
import type {Metrics} from '../common/metrics.ts';
import type {GroupAssignor, KafkaClient, TopicPartition} from '../kafka/client.ts';
import type {Serdes} from '../serde/serde.ts';
import {SinkTask} from './sink-task.ts';
import type {BatchLimits} from './sink-task.ts';
import {tableDefinitions} from './table-definition.ts';
import type {SinkTopic} from './table-definition.ts';
import type {InsertMode, WarehouseSink} from './warehouse-sink.ts';

export interface SinkConnectorOptions {
  /** The key under `sinks:`. */
  readonly name: string;
  readonly topics: readonly SinkTopic[];
  readonly insertMode: InsertMode;
  readonly limits: BatchLimits;
  readonly numPartitions: number;
  readonly replicationFactor: number;
}

export interface SinkConnectorDeps {
  readonly options: SinkConnectorOptions;
  readonly sink: WarehouseSink;
  readonly kafka: KafkaClient;
  readonly serdes: Serdes;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly conditions: Conditions;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
const SESSION_TIMEOUT_MS = 10_000;

/**
 * Brings topics into a warehouse: a member of the group `connect-<name>` with one task per partition that it gets.
 *
 * A failure that is not fatal closes the tasks and opens them again from the warehouse's watermark, after a pause that
 * doubles from 0.5 to 30 s while a condition tells.
 */
export class SinkConnector implements Component {
  readonly name: string;
  readonly #deps: SinkConnectorDeps;
  #state: ComponentState = 'starting';
  #tasks = new Map<string, SinkTask>();

  constructor(deps: SinkConnectorDeps) {
    this.name = `sink ${deps.options.name}`;
    this.#deps = deps;
  }

  async run(signal: AbortSignal): Promise<void> {
    const {kafka, options, sink, clock, logger} = this.#deps;
    await kafka.admin.ensureTopics(await this.#missingTopics());
    const member = kafka.groupMember({
      groupId: `connect-${options.name}`,
      topics: options.topics.map(({name}) => name),
      assign: roundRobin,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
    });
    let failures = 0;
    try {
      while (!signal.aborted) {
        try {
          const generation = await member.join(signal);
          failures = 0;
          await this.#runTasks(generation.assignment, AbortSignal.any([signal, generation.ended]));
        } catch (error) {
          if (signal.aborted) break;
          if (error instanceof FatalError || !(error instanceof ServiceError)) throw error;
          this.#state = 'retrying';
          const pause = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures++);
          this.#deps.conditions.raise({
            code: error.code,
            subject: this.name,
            message: error.message,
          });
          logger.warn({sink: options.name, code: error.code, pause}, messageOf(error));
          await clock.sleep(pause, signal);
          this.#deps.conditions.clear(error.code, this.name);
        }
      }
      this.#state = 'stopped';
    } catch (error) {
      this.#state = 'failed';
      throw error;
    } finally {
      await member.leave().catch(() => undefined);
      await sink.close();
    }
  }

  status(): ComponentStatus {
    const partitions = Object.fromEntries(
      [...this.#tasks].map(([key, task]) => [key, task.status()]),
    );
    const all = Object.values(partitions);
    return {
      state: this.#state,
      rowsWritten: all.reduce((sum, {rowsWritten}) => sum + rowsWritten, 0),
      lag: all.reduce((sum, {lag}) => sum + lag, 0),
      partitions,
    };
  }

  async #runTasks(assignment: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    const {options, serdes, sink, kafka, clock, metrics} = this.#deps;
    const tables = tableDefinitions(options.topics);
    const described = new Map(
      (await kafka.admin.describeTopics(options.topics.map(({name}) => name))).map((topic) => [
        topic.name,
        topic,
      ]),
    );
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const tasks = assignment.map(({topic, partition}) => {
      const declared = options.topics.find(({name}) => name === topic);
      const table = tables.get(topic);
      const topicId = described.get(topic)?.topicId;
      if (declared === undefined || table === undefined || topicId === undefined)
        throw new FatalError(
          'KAFKA_TOPIC_MISSING',
          `sink ${options.name}: topic ${topic} does not exist`,
        );
      const task = new SinkTask({
        source: {
          sink: options.name,
          topic,
          topicId,
          partition,
          table,
          insertMode: options.insertMode,
          autoCreate: true,
          autoEvolve: 'evolve',
        },
        key: serdes.deserializer(declared.key),
        valueHeaderBytes: declared.value.name === 'JSON_SR' ? 5 : 0,
        limits: options.limits,
        kafka,
        sink,
        clock,
        metrics,
      });
      return [`${topic}-${partition}`, task] as const;
    });
    this.#tasks = new Map(tasks);
    this.#state = 'running';
    const results = await Promise.allSettled(
      tasks.map(async ([, task]) => {
        try {
          await task.run(both);
        } catch (error) {
          stop.abort();
          throw error;
        }
      }),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async #missingTopics(): Promise<
    {name: string; partitions: number; cleanupPolicy: 'delete'; replicationFactor: number}[]
  > {
    const {kafka, options} = this.#deps;
    const names = options.topics.map(({name}) => name);
    const existing = new Set((await kafka.admin.describeTopics(names)).map(({name}) => name));
    return names
      .filter((name) => !existing.has(name))
      .map((name) => ({
        name,
        partitions: options.numPartitions,
        cleanupPolicy: 'delete',
        replicationFactor: options.replicationFactor,
      }));
  }
}

const roundRobin: GroupAssignor = (memberIds, partitions) => {
  const assignment = new Map<string, TopicPartition[]>(memberIds.map((id) => [id, []]));
  let next = 0;
  for (const [topic, count] of partitions)
    for (let partition = 0; partition < count; partition++)
      assignment.get(memberIds[next++ % memberIds.length] ?? '')?.push({topic, partition});
  return assignment;
};
