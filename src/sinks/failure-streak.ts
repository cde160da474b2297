import type {Conditions} from '../common/conditions.ts';
import type {ServiceError} from '../common/errors.ts';

const LONGEST_PAUSE_MS = 30_000;

/** Failures in a row: the pause after each, and the condition that tells until the next success. */
export class FailureStreak {
  readonly #conditions: Conditions;
  readonly #subject: string;
  readonly #firstPauseMs: number;
  #failures = 0;
  #last: ServiceError | undefined;
  #isNews = false;

  constructor(conditions: Conditions, subject: string, firstPauseMs: number) {
    this.#conditions = conditions;
    this.#subject = subject;
    this.#firstPauseMs = firstPauseMs;
  }

  /** Whether the last failure was of another kind than the one before it, which the condition has been telling. */
  get isNews(): boolean {
    return this.#isNews;
  }

  /** Milliseconds until the next attempt: the first pause, doubled by each failure, at most 30 s. */
  failed(error: ServiceError): number {
    this.#isNews = error.code !== this.#last?.code;
    if (this.#isNews) this.#clear();
    this.#last = error;
    this.#conditions.raise({code: error.code, subject: this.#subject, message: error.message});
    return Math.min(LONGEST_PAUSE_MS, this.#firstPauseMs * 2 ** this.#failures++);
  }

  succeeded(): void {
    this.#clear();
    this.#failures = 0;
  }

  #clear(): void {
    if (this.#last !== undefined) this.#conditions.clear(this.#last.code, this.#subject);
    this.#last = undefined;
  }
}
