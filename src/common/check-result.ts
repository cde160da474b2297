import {messageOf} from './errors.ts';

/** What one look of `millrace check` has found. */
export interface CheckResult {
  /** What was looked at, in a few words: `wal_level`, `topic orders`. */
  readonly name: string;
  /** `skipped`: it could not be looked at, because something before it has failed. */
  readonly outcome: 'ok' | 'warning' | 'failed' | 'skipped';
  /** What was found, or why it failed; may be empty. */
  readonly detail: string;
  /** What to do, in words; where it failed, or warns. */
  readonly remedy?: string | undefined;
  /** The statements or commands of the remedy, in order, each as it is to be entered. */
  readonly commands?: readonly string[] | undefined;
}

export function ok(name: string, detail: string): CheckResult {
  return {name, outcome: 'ok', detail};
}

export function skipped(name: string, detail: string): CheckResult {
  return {name, outcome: 'skipped', detail};
}

export interface Remedy {
  readonly remedy: string;
  readonly commands?: readonly string[];
}

export function warning(name: string, detail: string, remedy: Remedy): CheckResult {
  return {name, outcome: 'warning', detail, ...remedy};
}

export function failed(name: string, detail: string, remedy: Remedy): CheckResult {
  return {name, outcome: 'failed', detail, ...remedy};
}

/**
 * The result that an error makes. Messages of the service end in their remedy, after the last `; `, which is told apart
 * here; `remedy` is for errors of others.
 */
export function failedBy(name: string, error: unknown, remedy?: Remedy): CheckResult {
  const message = messageOf(error);
  if (remedy !== undefined) return failed(name, message, remedy);
  const end = message.lastIndexOf('; ');
  if (end < 0) return {name, outcome: 'failed', detail: message};
  return failed(name, message.slice(0, end), {remedy: message.slice(end + 2)});
}
