import type {CheckResult} from '../common/check-result.ts';
import {messageOf} from '../common/errors.ts';
import {scratchSteps} from './scratch-steps.ts';
import {CheckWarning} from './sink-check.ts';
import type {CheckStep, SinkCheck} from './sink-check.ts';

/**
 * Tries the steps in turn, and answers for each as soon as it is over. After a failure, or once `signal` aborts, the others
 * are skipped; what was made is removed in any case.
 *
 * `scratch` is part of the names of what it makes, and nothing else has it.
 */
export async function* runSinkCheck(
  check: SinkCheck,
  scratch: string,
  signal: AbortSignal,
): AsyncGenerator<CheckResult> {
  const {steps, cleanUp} = scratchSteps(check, scratch);
  try {
    let failed = false;
    for (const step of [...check.steps, ...steps]) {
      if (failed || signal.aborted) {
        yield {name: step.name, outcome: 'skipped', detail: ''};
        continue;
      }
      const result = await tried(step);
      failed = result.outcome === 'failed';
      yield result;
    }
    const removed = await cleanUp();
    if (removed !== undefined) yield await tried(removed);
  } finally {
    await check.close();
  }
}

/** The longest name of its steps. */
export function checkWidth(check: SinkCheck): number {
  const {steps} = scratchSteps(check, '');
  return Math.max(...[...check.steps, ...steps].map(({name}) => name.length));
}

/** Takes a step. */
export async function tried({name, run, remedy}: CheckStep): Promise<CheckResult> {
  try {
    return {name, outcome: 'ok', detail: await run()};
  } catch (error) {
    const outcome = error instanceof CheckWarning ? 'warning' : 'failed';
    return {name, outcome, detail: messageOf(error), remedy};
  }
}
