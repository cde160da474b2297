import {failedBy} from '../../common/check-result.ts';
import type {CheckResult} from '../../common/check-result.ts';
import type {Clock} from '../../common/clock.ts';

/** What was found of one part of the service: `source camel`, `kafka`. */
export interface ComponentResults {
  readonly component: string;
  readonly results: readonly CheckResult[];
}

/** The checks of one part; each reports a result as soon as it has it. */
export interface ComponentCheck {
  readonly component: string;
  readonly run: (report: (result: CheckResult) => void) => Promise<void>;
}

/**
 * Runs the checks side by side. One that throws, or that has not ended after `timeoutMs` or when `signal` aborts, has
 * failed, beside what it has reported until then; what comes later does not count.
 */
export async function runChecks(
  checks: readonly ComponentCheck[],
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly ComponentResults[]> {
  return Promise.all(
    checks.map(async ({component, run}) => {
      const results: CheckResult[] = [];
      let isOver = false;
      const report = (result: CheckResult): void => {
        if (!isOver) results.push(result);
      };
      const done = new AbortController();
      const bounded = async (): Promise<void> => {
        await clock.sleep(timeoutMs, AbortSignal.any([done.signal, signal]));
        if (done.signal.aborted) return;
        throw new Error(
          signal.aborted
            ? 'it was interrupted'
            : `it did not end within ${timeoutMs / 1000} s; see what does not answer`,
        );
      };
      try {
        await Promise.race([run(report), bounded()]);
      } catch (error) {
        report(failedBy('the check', error));
      } finally {
        isOver = true;
        done.abort();
      }
      return {component, results};
    }),
  );
}
