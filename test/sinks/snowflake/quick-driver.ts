import {createRequire} from 'node:module';
import {onTestFinished} from 'vitest';

/** The driver pauses for one to three seconds before it sends again what was not answered; not for the rest of this test. */
export function withoutPauses(): void {
  const util = createRequire(import.meta.url)('snowflake-sdk/dist/lib/util') as {
    sleep: (ms: number) => Promise<void>;
  };
  const {sleep} = util;
  util.sleep = () => Promise.resolve();
  onTestFinished(() => {
    util.sleep = sleep;
  });
}
