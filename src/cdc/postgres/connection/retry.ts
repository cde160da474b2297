import type {Clock} from '../../../common/clock.ts';
import type {Conditions} from '../../../common/conditions.ts';
import {FatalError, RetriableError} from '../../../common/errors.ts';
import {FailureCondition} from '../../../common/failure-condition.ts';
import type {Logger} from '../../../common/logger.ts';
import type {Metrics} from '../../../common/metrics.ts';
import {backoffMs} from './backoff.ts';
import {postgresError} from './errors.ts';
import type {ErrorContext} from './errors.ts';
import type {SlotOptions} from '../slot/slot-options.ts';

export interface RetryDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly conditions: Conditions;
  readonly metrics?: Pick<Metrics, 'count'> | undefined;
  /** In [0, 1); spreads the retries of several instances. */
  readonly random?: () => number;
}

export interface RetryLimits {
  /** How long retriable errors may last; 0 leaves retrying to the caller. */
  readonly patienceMs: number;
  /** How many of them in a row are tried again; -1: without end. */
  readonly maxRetries: number;
  /** For a slot that another client uses, or whose creation is blocked, in place of the above. */
  readonly slot: Pick<SlotOptions, 'maxRetries' | 'retryDelayMs'>;
}

/** Waits and counts between attempts; gives up on what time does not heal. */
export class Retry {
  readonly #deps: RetryDeps;
  readonly #context: ErrorContext;
  readonly #limits: RetryLimits;
  #attempts = 0;
  #slotAttempts = 0;
  #failingSince: number | undefined;
  readonly #condition: FailureCondition;

  constructor(deps: RetryDeps, context: ErrorContext, limits: RetryLimits) {
    this.#deps = deps;
    this.#context = context;
    this.#limits = limits;
    this.#condition = new FailureCondition(deps.conditions, `source ${context.name}`);
  }

  succeeded(): void {
    this.#attempts = 0;
    this.#slotAttempts = 0;
    this.#failingSince = undefined;
    this.#condition.succeeded();
  }

  /** @throws what `error` means, when trying again cannot help or has been tried for long enough. */
  async after(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const {clock, logger, metrics, random = () => 0.5} = this.#deps;
    const named = postgresError(error, this.#context);
    if (!(named instanceof RetriableError)) throw named;
    const wait = this.#waitAfter(named, clock.now(), random);
    if (wait === undefined) throw new FatalError(named.code, named.message, {cause: named});
    const subject = `source ${this.#context.name}`;
    this.#condition.failed(named);
    logger.warn(
      {source: this.#context.name, code: named.code, subject, retryInMs: Math.round(wait)},
      named.message,
    );
    metrics?.count('millrace_retries_total', {component: subject, code: named.code});
    await clock.sleep(wait, signal);
  }

  /** Milliseconds until the next attempt; undefined after the last one. */
  #waitAfter(error: RetriableError, now: number, random: () => number): number | undefined {
    const {patienceMs, maxRetries, slot} = this.#limits;
    if (error.code === 'CDC_SLOT_IN_USE' || error.code === 'CDC_SLOT_BLOCKED')
      return ++this.#slotAttempts > slot.maxRetries ? undefined : slot.retryDelayMs;
    if (patienceMs === 0) throw error;
    this.#failingSince ??= now;
    const attempt = ++this.#attempts;
    const wait = backoffMs(attempt, random);
    if (maxRetries >= 0 && attempt > maxRetries) return undefined;
    return now - this.#failingSince + wait > patienceMs ? undefined : wait;
  }
}
