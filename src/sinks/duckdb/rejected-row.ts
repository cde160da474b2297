import {messageOf} from '../../common/errors.ts';
import {RejectedRowError} from '../warehouse-sink.ts';

/** DuckDB's errors about a value; what is wrong with the disk, the memory or the table is no row's fault. */
const valueErrors = /^(?:Invalid Input|Conversion|Out of Range|Constraint|Mismatch Type) Error/;

/** Whether a batch failed because of what stands in one of its rows. */
export function isRejection(error: unknown): boolean {
  return error instanceof RejectedRowError || valueErrors.test(messageOf(error));
}

/** Why, without the staging file's path and lines and without DuckDB's advice on reading other files. */
export function rejectionReason(error: unknown): string {
  const [line = ''] = messageOf(error).split('\n');
  return line
    .replaceAll(/,?(?: at byte \d+)? in (?:line \d+|file ".*?")/g, '')
    .replace(/\. (?:Try .*)?$/, '');
}

/**
 * The first row that `attempt` rejects, by bisection; undefined when it rejects no row alone.
 *
 * `attempt` writes nothing in the end, and fails whenever one of its rows is bad.
 */
export async function firstRejected<R>(
  rows: readonly R[],
  attempt: (rows: readonly R[]) => Promise<void>,
): Promise<{readonly row: R; readonly error: unknown} | undefined> {
  let from = 0;
  let to = rows.length;
  for (;;) {
    const some = rows.slice(from, to);
    if (some.length === 0) return undefined;
    const middle = from + Math.ceil(some.length / 2);
    const error = await failure(attempt, rows.slice(from, middle));
    if (error !== undefined && some.length === 1) return {row: some[0] as R, error};
    if (error === undefined) from = middle;
    else to = middle;
  }
}

async function failure<R>(
  attempt: (rows: readonly R[]) => Promise<void>,
  rows: readonly R[],
): Promise<unknown> {
  try {
    await attempt(rows);
    return undefined;
  } catch (error) {
    return error ?? new Error('failed');
  }
}
