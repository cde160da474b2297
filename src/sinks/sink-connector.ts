import {aborted} from '../common/aborted.ts';
import type {Component, ComponentState, ComponentStatus} from '../common/component.ts';
import {FatalError, RetriableError, TaskError} from '../common/errors.ts';
import type {ServiceError} from '../common/errors.ts';
import type {GroupGeneration, GroupMember} from '../kafka/client.ts';
import type {SinkConnectorDeps} from './connector-options.ts';
import {existingTopics} from './existing-topics.ts';
import {FailureStreak} from './failure-streak.ts';
import {roundRobin} from './partition-assignor.ts';
import {SinkTasks} from './sink-tasks.ts';

const SESSION_TIMEOUT_MS = 10_000;

/** How long a write may take before a condition tells. */
const STALLED_MS = 30_000;
const STALL_CHECK_MS = 5000;

/** How long a shutdown waits for the batch that is being written; within the 10 s that a service has for all of it. */
const GRACE_MS = 5000;

/** The consumer group of a sink. */
export function sinkGroupId(applicationId: string, sink: string): string {
  return `${applicationId}-sink-${sink}`;
}

/**
 * Brings topics into a warehouse: a member of the group `<application.id>-sink-<name>` with a task for each partition
 * that it gets.
 *
 * A failure that is not fatal closes the tasks and opens them again from the warehouse's watermark, after a pause. Its
 * condition holds until all of them have got on.
 */
export class SinkConnector implements Component {
  readonly name: string;
  readonly #deps: SinkConnectorDeps & {readonly groupId: string};
  readonly #streak: FailureStreak;
  #state: ComponentState = 'starting';
  #tasks: SinkTasks | undefined;
  #rowsWritten = 0;
  #isStalled = false;
  /** Failures of the warehouse since the tasks last got on. */
  #warehouseFailures = 0;

  constructor(deps: SinkConnectorDeps) {
    const {name, applicationId} = deps.options;
    this.name = `sink ${name}`;
    this.#deps = {...deps, groupId: sinkGroupId(applicationId, name)};
    this.#streak = new FailureStreak(deps.conditions, this.name, deps.options.retryBackoffMs);
  }

  async run(signal: AbortSignal): Promise<void> {
    const {clock} = this.#deps;
    const ended = new AbortController();
    const stopChecks = clock.every(STALL_CHECK_MS, () => this.#checkStall());
    try {
      await Promise.race([this.#serve(signal), this.#abandon(signal, ended.signal)]);
      this.#state = 'stopped';
    } catch (error) {
      this.#state = 'failed';
      throw error;
    } finally {
      ended.abort();
      stopChecks();
    }
  }

  /** `lag` is the offsets between watermarks and last stable offsets; null until it is known of every partition. */
  status(): ComponentStatus {
    const partitions = this.#tasks?.status() ?? {};
    const lags = Object.values(partitions).map(({lag}) => lag);
    const isKnown = this.#state === 'running' && !lags.includes(null);
    return {
      state: this.#state,
      rowsWritten: this.#rowsWritten,
      lag: isKnown ? lags.reduce<number>((sum, lag) => sum + (lag ?? 0), 0) : null,
      partitions,
    };
  }

  async #serve(signal: AbortSignal): Promise<void> {
    const {kafka, options, groupId, sink} = this.#deps;
    const member = kafka.groupMember({
      groupId,
      topics: options.topics.map(({name}) => name),
      assign: roundRobin,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      ...options.membership,
    });
    try {
      await this.#generations(member, signal);
    } finally {
      await member.leave().catch(() => undefined);
      await sink.close();
    }
  }

  /** Joins, and runs tasks in each generation until it ends; again and again after failures. */
  async #generations(member: GroupMember, signal: AbortSignal): Promise<void> {
    let generation: GroupGeneration | undefined;
    while (!signal.aborted) {
      try {
        const topics = await existingTopics(this.#deps, signal);
        if (signal.aborted) return;
        if (generation?.ended.aborted !== false) {
          generation = await member.join(signal);
          this.#deps.metrics.count('millrace_rebalances_total', {component: this.name});
        }
        this.#tasks = new SinkTasks(this.#deps, topics, generation.assignment, {
          onProven: () => this.#succeeded(),
          onRows: (rows) => (this.#rowsWritten += rows),
        });
        await this.#tasks.run(AbortSignal.any([signal, generation.ended]));
      } catch (error) {
        if (signal.aborted && !(error instanceof FatalError)) return;
        await this.#afterFailure(error, signal);
      }
    }
  }

  #succeeded(): void {
    this.#state = 'running';
    this.#warehouseFailures = 0;
    this.#streak.succeeded();
  }

  /** Waits before the next attempt; throws what another attempt cannot heal. */
  async #afterFailure(error: unknown, signal: AbortSignal): Promise<void> {
    if (!(error instanceof RetriableError || error instanceof TaskError)) throw error;
    const {clock, logger, metrics} = this.#deps;
    this.#checkRetries(error);
    this.#state = 'retrying';
    const retryInMs = this.#streak.failed(error);
    const level = this.#streak.isNews ? 'warn' : 'debug';
    const {code, message} = error;
    logger[level]({sink: this.#deps.options.name, code, subject: this.name, retryInMs}, message);
    metrics.count('millrace_retries_total', {component: this.name, code});
    await clock.sleep(retryInMs, signal);
  }

  /** @throws FatalError SINK_UNREACHABLE and the like when `max.retries` attempts after the first have failed, too. */
  #checkRetries(error: ServiceError): void {
    const {maxRetries} = this.#deps.options;
    if (maxRetries === undefined || !error.code.startsWith('SINK_')) return;
    if (this.#warehouseFailures++ < maxRetries) return;
    throw new FatalError(
      error.code,
      `${this.name} gives up, "max.retries" is ${maxRetries}: ${error.message}`,
      {cause: error},
    );
  }

  #checkStall(): void {
    const {clock, conditions, logger, options} = this.#deps;
    const since = this.#tasks?.writingSince;
    const seconds = since === undefined ? 0 : Math.floor((clock.now() - since) / 1000);
    const code = 'SINK_BACKPRESSURE';
    const subject = this.name;
    const wasStalled = this.#isStalled;
    this.#isStalled = seconds * 1000 >= STALLED_MS;
    if (!this.#isStalled) {
      conditions.clear(code, subject);
      return;
    }
    const message = `${this.name}: the warehouse has been writing one batch for ${seconds} s, and nothing more is read meanwhile; see what holds it up: its load, a lock, or the network`;
    conditions.raise({code, subject, message});
    if (!wasStalled) logger.warn({sink: options.name, code, subject}, message);
  }

  /** Gives up on a batch that is still being written; the watermark says at the next start whether it was. */
  async #abandon(signal: AbortSignal, ended: AbortSignal): Promise<void> {
    const {clock, logger, options} = this.#deps;
    await aborted(AbortSignal.any([signal, ended]));
    await clock.sleep(GRACE_MS, ended);
    if (!ended.aborted) logger.warn({sink: options.name}, 'Leaves a batch that is being written');
  }
}
