import type {Conditions} from '../common/conditions.ts';
import type {ServiceError} from '../common/errors.ts';
import {FailureCondition} from '../common/failure-condition.ts';

/** Between attempts at a warehouse, some of which cost money. */
const LONGEST_PAUSE_MS = 30_000;
/** Where Kafka or the schema registry is the reason; the first pause, where that is longer. */
const LONGEST_PAUSE_OF_OTHERS_MS = 5000;

/** Failures in a row: the pause after each, and the condition that tells until the next success. */
export class FailureStreak {
  readonly #condition: FailureCondition;
  readonly #firstPauseMs: number;
  #failures = 0;
  #isNews = false;

  constructor(conditions: Conditions, subject: string, firstPauseMs: number) {
    this.#condition = new FailureCondition(conditions, subject);
    this.#firstPauseMs = firstPauseMs;
  }

  /** Whether the last failure was of another kind than the one before it, which the condition has been telling. */
  get isNews(): boolean {
    return this.#isNews;
  }

  /** Milliseconds until the next attempt: the first pause, doubled by each failure; at most 30 s, and 5 s where it is not the warehouse that fails. */
  failed(error: ServiceError): number {
    this.#isNews = this.#condition.failed(error);
    const longest = error.code.startsWith('SINK_')
      ? LONGEST_PAUSE_MS
      : Math.max(LONGEST_PAUSE_OF_OTHERS_MS, this.#firstPauseMs);
    return Math.min(longest, this.#firstPauseMs * 2 ** this.#failures++);
  }

  succeeded(): void {
    this.#condition.succeeded();
    this.#failures = 0;
  }
}
