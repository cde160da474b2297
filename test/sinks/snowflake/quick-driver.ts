import {onTestFinished} from 'vitest';
import {skipPauses} from '../../support/snowflake/skip-pauses.ts';

/** The driver sends again what was not answered without a pause, for the rest of this test. */
export function withoutPauses(): void {
  onTestFinished(skipPauses());
}
