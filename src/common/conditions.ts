import type {ErrorCode} from './errors.ts';
import type {Logger} from './logger.ts';
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

interface ConditionsDeps {
  readonly metrics?: Pick<Metrics, 'gauge'>;
  readonly secrets?: Pick<Secrets, 'redact'>;
  readonly logger?: Pick<Logger, 'info'>;
}

/**
 * The conditions that hold right now; raised and cleared by the components, read by status and metrics. Their messages
 * quote what servers and drivers say, so the secrets are taken out of them.
 *
 * Who raises one logs it; that it is over is logged here.
 */
export class Conditions {
  readonly #active = new Map<string, Condition>();
  readonly #deps: ConditionsDeps;

  constructor(deps: ConditionsDeps = {}) {
    this.#deps = deps;
  }

  raise(condition: Condition): void {
    const {code, subject, message, severity} = condition;
    const key = `${code} ${subject}`;
    const before = this.#active.get(key);
    if (before !== undefined && before.severity !== severity) this.#measure(before, 0);
    this.#active.set(key, {
      ...condition,
      message: this.#deps.secrets?.redact(message) ?? message,
    });
    this.#measure(condition, 1);
  }

  clear(code: ErrorCode, subject: string): void {
    const key = `${code} ${subject}`;
    const condition = this.#active.get(key);
    // One that never held is no series.
    if (condition === undefined) return;
    this.#active.delete(key);
    this.#measure(condition, 0);
    this.#deps.logger?.info({code, subject}, `${code} is over`);
  }

  list(): readonly Condition[] {
    return [...this.#active.values()];
  }

  #measure({code, subject, severity = 'error'}: Condition, value: 0 | 1): void {
    this.#deps.metrics?.gauge('millrace_condition', {code, subject, severity}, value);
  }
}
