import type {ErrorCode} from './errors.ts';

/** A named abnormal state that an operator must see, with its remedy. */
export interface Condition {
  readonly code: ErrorCode;
  /** Who is in it: `source camel`, `sink local`. */
  readonly subject: string;
  readonly message: string;
}

/** The conditions that hold right now; raised and cleared by the components, read by status and metrics. */
export class Conditions {
  readonly #active = new Map<string, Condition>();

  raise(condition: Condition): void {
    this.#active.set(`${condition.code} ${condition.subject}`, condition);
  }

  clear(code: ErrorCode, subject: string): void {
    this.#active.delete(`${code} ${subject}`);
  }

  list(): readonly Condition[] {
    return [...this.#active.values()];
  }
}
