import type {Clock} from '../../common/clock.ts';
import type {Component, ComponentState, ComponentStatus} from '../../common/component.ts';
import type {Conditions} from '../../common/conditions.ts';
import {FatalError, RetriableError, TaskError, messageOf} from '../../common/errors.ts';
import type {ErrorCode} from '../../common/errors.ts';
import {FailureCondition} from '../../common/failure-condition.ts';
import type {Logger} from '../../common/logger.ts';
import type {Metrics} from '../../common/metrics.ts';
import type {
  GroupGeneration,
  GroupMember,
  KafkaClient,
  TransactionalProducer,
} from '../../kafka/client.ts';
import type {Serdes} from '../../serde/serde.ts';
import type {StoreProvider} from '../../state/committed-store.ts';
import {UnreadableRowError} from '../../state/typed-store.ts';
import type {Topology} from '../topology/topology.ts';
import {decodeAssignmentInfo} from './assignment-info.ts';
import type {StoreView} from './queries/store-view.ts';
import type {ErrorsTolerance} from './record-reader.ts';
import {taskAssignor} from './task-assignor.ts';
import type {TaskClaims} from './task-claims.ts';
import {NO_CLAIMS, encodeTaskClaims} from './task-claims.ts';
import type {NamedStoreSize, TaskEnvironment} from './task-opener.ts';
import {allPlaces, planTasks, taskId, topicNames} from './task-plan.ts';
import {TaskSession, assignedPlaces, standbyPlaces} from './task-session.ts';
import {TaskStores} from './task-stores.ts';
import {changelogName, topicName} from './topic-names.ts';
import {openSerdes} from './topic-serdes.ts';

export interface StreamsAppOptions {
  /** Consumer group, and prefix of the transactional id and of the internal topics. */
  readonly applicationId: string;
  readonly topology: Topology;
  readonly kafka: KafkaClient;
  readonly serdes: Serdes;
  readonly stores: StoreProvider;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly conditions: Conditions;
  readonly options: StreamsOptions;
}

export interface StreamsOptions {
  /** Tells the processes of one application apart; a restart under the same id fences the one before. Default: "0". */
  readonly instanceId?: string;
  /** `group.instance.id`: static membership. Default: none. */
  readonly groupInstanceId?: string | undefined;
  /** Whether its tasks go to others as soon as it stops, though it is a static member. Default: false. */
  readonly releasesPlace?: boolean;
  /** Milliseconds; an upper bound, commits are earlier when the queues are empty. Default: 100. */
  readonly commitIntervalMs?: number;
  /** Of the topics that it creates. Default: 1. */
  readonly numPartitions?: number;
  /** Default: 1. */
  readonly replicationFactor?: number;
  /** Other instances that keep the stores of each task warm, as many as there are. Default: 0. */
  readonly numStandbyReplicas?: number;
  /** Default: none. */
  readonly errorsTolerance?: ErrorsTolerance;
  /** Where skipped records go. Default: nowhere. */
  readonly deadLetterTopic?: string | undefined;
  /** Whether records and rows carry where they come from. Default: true. */
  readonly keepsLineage?: boolean;
  /** `buffered.records.per.partition`. Default: 1000. */
  readonly maxBufferedRecords?: number;
  /** Rows of each store that stay parsed in memory. Default: 20,000. */
  readonly maxCachedRows?: number;
  /** Default: 10 s. */
  readonly sessionTimeoutMs?: number | undefined;
  /** `application.server`: where other instances reach this one; asked at each join. Default: nowhere. */
  readonly server?: () => string | undefined;
}

const SUBJECT = 'streams';
const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 5000;

/**
 * Runs a topology: reads its source topics, keeps its stores, and commits outputs, changelogs and input offsets in one
 * Kafka transaction.
 *
 * After a failure that is not fatal the tasks are closed and opened again from what is committed.
 */
export class StreamsApp implements Component {
  readonly name = SUBJECT;
  readonly #app: StreamsAppOptions;
  #state: ComponentState = 'starting';
  #session: TaskSession | undefined;
  #failures = 0;
  readonly #condition: FailureCondition;
  /** What it ran last, to be told at the next join. */
  #ran: Omit<TaskClaims, 'offsets'> = NO_CLAIMS;
  #env: TaskEnvironment | undefined;
  /** `application.server` by task, as the leader told it. */
  #servers: ReadonlyMap<string, string> = new Map();
  #instances: readonly string[] = [];
  /** Rows that could not be read once already. */
  readonly #unreadable = new Set<string>();

  constructor(options: StreamsAppOptions) {
    this.#app = options;
    this.#condition = new FailureCondition(options.conditions, SUBJECT);
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      const env = await this.#retrying(signal, () => this.#prepare());
      this.#env = env;
      if (env !== undefined) await this.#member(env, signal);
      this.#state = 'stopped';
    } catch (error) {
      this.#state = 'failed';
      throw error;
    }
  }

  status(): ComponentStatus {
    return {state: this.#state, ...this.#session?.status()};
  }

  /** What queries can read here, and where they can read the rest; undefined until the topics are known. */
  view(): StoreView | undefined {
    const env = this.#env;
    if (env === undefined) return undefined;
    return {
      env,
      stores: this.#session?.stores ?? new Map(),
      assigned: new Set(this.#ran.active),
      servers: this.#servers,
    };
  }

  /** `application.server` of every instance of the application, its own included, as of the last rebalance. */
  instances(): readonly string[] {
    return this.#instances;
  }

  /** How much the stores of its tasks hold, as of about now. */
  async storeSizes(): Promise<readonly NamedStoreSize[]> {
    return (await this.#session?.storeSizes()) ?? [];
  }

  /** Topics, partition counts and serdes: what holds until the process ends. */
  async #prepare(): Promise<TaskEnvironment> {
    const {applicationId, topology, kafka, serdes, stores, clock, logger, metrics, options} =
      this.#app;
    const {deadLetterTopic} = options;
    const names = [
      ...topicNames(topology, applicationId),
      ...(deadLetterTopic === undefined ? [] : [deadLetterTopic]),
    ];
    const found = await kafka.admin.describeTopics(names);
    const existing = new Map(found.map(({name, partitions}) => [name, partitions]));
    const plan = planTasks({
      topology,
      applicationId,
      existing,
      numPartitions: options.numPartitions ?? 1,
      replicationFactor: options.replicationFactor ?? 1,
      deadLetterTopic,
    });
    await kafka.admin.ensureTopics(plan.topics);
    const changelogs = topology.stores.map((spec) => changelogName(applicationId, spec));
    const topics = await kafka.admin.describeTopics(changelogs);
    const topicSerdes = await openSerdes(
      serdes,
      applicationId,
      topology,
      ({name, internal}) => !(plan.handsOn && internal && topology.sourceOf(name) !== undefined),
    );
    const topicIds = new Map(topics.map(({name, topicId}) => [name, topicId]));
    return {
      applicationId,
      topology,
      plan,
      topicIds,
      kafka,
      clock,
      stores: new TaskStores({
        provider: stores,
        tasks: new Map(allPlaces(plan).map((place) => [taskId(place), place.group.stores])),
        topicId: (spec) => topicIds.get(changelogName(applicationId, spec)),
      }),
      serdes,
      topicSerdes,
      logger,
      metrics,
      tolerance: options.errorsTolerance ?? 'none',
      keepsLineage: options.keepsLineage ?? true,
      maxBufferedRecords: options.maxBufferedRecords ?? 1000,
      maxCachedRows: options.maxCachedRows ?? 20_000,
    };
  }

  async #member(env: TaskEnvironment, signal: AbortSignal): Promise<void> {
    const {applicationId, kafka, options} = this.#app;
    const groups = env.plan.groups.map(({id, sources, stores}) => ({
      id,
      hasStores: stores.length > 0,
      topics: sources.map(({topic}) => topicName(applicationId, topic)),
    }));
    const member = kafka.groupMember({
      groupId: applicationId,
      topics: groups.flatMap(({topics}) => topics),
      assign: taskAssignor(groups, options.numStandbyReplicas ?? 0),
      userData: () =>
        encodeTaskClaims({
          ...this.#ran,
          offsets: env.stores.offsets(),
          server: options.server?.(),
        }),
      sessionTimeoutMs: options.sessionTimeoutMs ?? 10_000,
      instanceId: options.groupInstanceId,
      releasesPlace: options.releasesPlace,
    });
    try {
      await this.#retrying(signal, () => env.stores.survey());
      await this.#generations(env, member, signal);
    } finally {
      await env.stores.releaseUnused();
      await member.leave();
    }
  }

  /** Joins, and runs sessions in each generation until it ends. */
  async #generations(
    env: TaskEnvironment,
    member: GroupMember,
    signal: AbortSignal,
  ): Promise<void> {
    const transactionalId = `${env.applicationId}-${this.#app.options.instanceId ?? '0'}`;
    let producer = this.#app.kafka.transactionalProducer(transactionalId);
    while (!signal.aborted) {
      const generation = await this.#retrying(signal, () => member.join(signal));
      if (generation === undefined) return;
      env.metrics.count('millrace_rebalances_total', {component: SUBJECT});
      this.#ran = {
        generationId: generation.generationId,
        active: assignedPlaces(env, generation.assignment).map(taskId),
        standby: standbyPlaces(env, generation.userData).map(taskId),
      };
      const {tasksByServer} = decodeAssignmentInfo(generation.userData);
      this.#servers = serversByTask(tasksByServer);
      this.#instances = [...tasksByServer.keys()];
      let isCurrent = true;
      while (isCurrent && !signal.aborted && !generation.ended.aborted) {
        try {
          await this.#runSession(env, producer, generation, signal);
        } catch (error) {
          const code = this.#recoverable(error);
          if (code === 'KAFKA_PRODUCER_FENCED') {
            producer = this.#app.kafka.transactionalProducer(transactionalId);
          }
          isCurrent = code !== 'KAFKA_PRODUCER_FENCED' && code !== 'KAFKA_ILLEGAL_GENERATION';
          await this.#backOff(code, error, signal);
        }
      }
    }
  }

  async #runSession(
    env: TaskEnvironment,
    producer: TransactionalProducer,
    generation: GroupGeneration,
    signal: AbortSignal,
  ): Promise<void> {
    const {options} = this.#app;
    const session = new TaskSession({
      env,
      producer,
      generation,
      commitIntervalMs: options.commitIntervalMs ?? 100,
      deadLetterTopic: options.deadLetterTopic,
      // Not ready before its stores are restored; a rebalance later on leaves it ready.
      onRunning: () => {
        this.#state = 'running';
      },
      onCaughtUp: () => this.#succeeded(),
    });
    this.#session = session;
    try {
      await session.run(AbortSignal.any([signal, generation.ended]));
    } finally {
      await session.close();
    }
  }

  /** Repeats what is retriable; undefined when `signal` aborts. */
  async #retrying<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T | undefined> {
    while (!signal.aborted) {
      try {
        return await attempt();
      } catch (error) {
        if (signal.aborted) return undefined;
        await this.#backOff(this.#recoverable(error), error, signal);
      }
    }
    return undefined;
  }

  /** The code of an error after which the tasks can be opened again. @throws the error when they cannot. */
  #recoverable(error: unknown): ErrorCode {
    if (!(error instanceof TaskError || error instanceof RetriableError)) throw error;
    if (error instanceof UnreadableRowError) {
      const row = `${error.store} ${error.bytes.toString('latin1')}`;
      if (this.#unreadable.has(row)) {
        throw new FatalError(
          'STATE_CORRUPTED',
          `${error.message} It was written under a schema that the registry no longer has, or that does not fit the topology's. Bring that schema back, or run "millrace reset".`,
          {cause: error},
        );
      }
      this.#unreadable.add(row);
    }
    return error.code;
  }

  async #backOff(code: ErrorCode, error: unknown, signal: AbortSignal): Promise<void> {
    const {logger, clock, metrics} = this.#app;
    const waitMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#failures++);
    this.#state = 'retrying';
    // What is known already, and shown as a condition, need not fill the log.
    const reason = messageOf(error);
    const isKnown = !this.#condition.failed({code, message: reason});
    logger[isKnown ? 'debug' : 'warn'](
      {code, subject: SUBJECT, reason, waitMs},
      'Opens its tasks again from what is committed',
    );
    metrics.count('millrace_retries_total', {component: SUBJECT, code});
    await clock.sleep(waitMs, signal);
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#condition.succeeded();
  }
}

function serversByTask(
  tasksByServer: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, string> {
  return new Map(
    [...tasksByServer].flatMap(([server, tasks]) => tasks.map((task) => [task, server] as const)),
  );
}
