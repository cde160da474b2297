import type {Conditions} from './conditions.ts';
import type {ServiceError} from './errors.ts';

/** The condition of one who fails and tries again: that of the last failure, until the next success. */
export class FailureCondition {
  readonly #conditions: Conditions;
  readonly #subject: string;
  #code: ServiceError['code'] | undefined;

  constructor(conditions: Conditions, subject: string) {
    this.#conditions = conditions;
    this.#subject = subject;
  }

  /** Returns whether it is of another kind than the failure before, which the condition has been telling. */
  failed({code, message}: Pick<ServiceError, 'code' | 'message'>): boolean {
    const isNews = code !== this.#code;
    if (isNews) this.succeeded();
    this.#code = code;
    this.#conditions.raise({code, subject: this.#subject, message});
    return isNews;
  }

  succeeded(): void {
    if (this.#code !== undefined) this.#conditions.clear(this.#code, this.#subject);
    this.#code = undefined;
  }
}
