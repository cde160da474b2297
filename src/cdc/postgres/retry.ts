import type {Clock} from '../../common/clock.ts';
import type {Conditions} from '../../common/conditions.ts';
import {FatalError, RetriableError} from '../../common/errors.ts';
import type {ServiceError} from '../../common/errors.ts';
import type {Logger} from '../../common/logger.ts';
import {backoffMs} from './backoff.ts';
import {postgresError} from './errors.ts';
import type {ErrorContext} from './errors.ts';

export interface RetryDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly conditions: Conditions;
  /** In [0, 1); spreads the retries of several instances. */
  readonly random?: () => number;
}

export interface RetryLimits {
  /** How long retriable errors may last; 0 leaves retrying to the caller. */
  readonly patienceMs: number;
  /** The same for a slot that another client uses. */
  readonly slotInUseMs: number;
}

/** Waits and counts between attempts; gives up on what time does not heal. */
export class Retry {
  readonly #deps: RetryDeps;
  readonly #context: ErrorContext;
  readonly #limits: RetryLimits;
  #attempts = 0;
  #failingSince: number | undefined;
  #raised: ServiceError | undefined;

  constructor(deps: RetryDeps, context: ErrorContext, limits: RetryLimits) {
    this.#deps = deps;
    this.#context = context;
    this.#limits = limits;
  }

  succeeded(): void {
    this.#attempts = 0;
    this.#failingSince = undefined;
    if (this.#raised !== undefined)
      this.#deps.conditions.clear(this.#raised.code, `source ${this.#context.name}`);
    this.#raised = undefined;
  }

  /** @throws what `error` means, when trying again cannot help or has been tried for long enough. */
  async after(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const {clock, conditions, logger, random = () => 0.5} = this.#deps;
    const named = postgresError(error, this.#context);
    if (!(named instanceof RetriableError)) throw named;
    const now = clock.now();
    this.#failingSince ??= now;
    const patienceMs =
      named.code === 'CDC_SLOT_IN_USE' ? this.#limits.slotInUseMs : this.#limits.patienceMs;
    const wait = backoffMs(++this.#attempts, random);
    if (patienceMs === 0) throw named;
    if (now - this.#failingSince + wait > patienceMs)
      throw new FatalError(named.code, named.message, {cause: named});
    const subject = `source ${this.#context.name}`;
    if (this.#raised !== undefined) conditions.clear(this.#raised.code, subject);
    this.#raised = named;
    conditions.raise({code: named.code, subject, message: named.message});
    logger.warn(
      {source: this.#context.name, code: named.code, retryInMs: Math.round(wait)},
      named.message,
    );
    await clock.sleep(wait, signal);
  }
}
