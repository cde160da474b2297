import type {ErrorCode} from './errors.ts';
import type {Metrics} from './metrics.ts';
import type {Secrets} from './secrets.ts';

/** A named abnormal state that an operator must see, with its remedy. */
export interface Condition {
  readonly code: ErrorCode;
  /** Who is in it: `source camel`, `sink local`, `kafka`. */
  readonly subject: string;
  readonly message: string;
  /** `warning`: the work goes on, so the service stays ready; someone should look all the same. Default `error`. */
  readonly severity?: 'error' | 'warning';
}

/**
 * The conditions that hold right now; raised and cleared by the components, read by status and metrics. Their messages
 * quote what servers and drivers say, so the secrets are taken out of them.
 */
export class Conditions {
  readonly #active = new Map<string, Condition>();
  readonly #metrics: Pick<Metrics, 'gauge'> | undefined;
  readonly #secrets: Pick<Secrets, 'redact'> | undefined;

  constructor(metrics?: Pick<Metrics, 'gauge'>, secrets?: Pick<Secrets, 'redact'>) {
    this.#metrics = metrics;
    this.#secrets = secrets;
  }

  raise(condition: Condition): void {
    const {code, subject, message} = condition;
    this.#active.set(`${code} ${subject}`, {
      ...condition,
      message: this.#secrets?.redact(message) ?? message,
    });
    this.#metrics?.gauge('millrace_condition', {code, subject}, 1);
  }

  clear(code: ErrorCode, subject: string): void {
    // One that never held is no series.
    if (!this.#active.delete(`${code} ${subject}`)) return;
    this.#metrics?.gauge('millrace_condition', {code, subject}, 0);
  }

  list(): readonly Condition[] {
    return [...this.#active.values()];
  }
}
