import {createRequire} from 'node:module';

/**
 * Takes Snowflake's driver the pauses of one to three seconds before it sends again what was not answered; it has no option
 * for them. Returns what gives them back.
 */
export function skipPauses(): () => void {
  const util = createRequire(import.meta.url)('snowflake-sdk/dist/lib/util') as {
    sleep: (ms: number) => Promise<void>;
  };
  const {sleep} = util;
  util.sleep = () => Promise.resolve();
  return () => {
    util.sleep = sleep;
  };
}
