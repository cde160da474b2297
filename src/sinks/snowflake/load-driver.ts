import type * as Snowflake from 'snowflake-sdk';

type Driver = Pick<typeof Snowflake, 'configure' | 'createConnection'>;

/** Read once, while the package loads: it would ask cloud metadata services where it runs, load native code, and send statistics. */
const quiet = {
  SNOWFLAKE_DISABLE_PLATFORM_DETECTION: 'true',
  SNOWFLAKE_DISABLE_MINICORE: '1',
  SF_TELEMETRY_DISABLE_CONNECTION_SHAPE: '1',
};

/**
 * The driver, loaded when a Snowflake sink is opened and not before, and made safe.
 *
 * What it is told here holds for the whole process: the package has no other place for it.
 */
export async function loadDriver(): Promise<Driver> {
  // eslint-disable-next-line node/no-process-env -- The driver takes these from nowhere else.
  for (const [name, value] of Object.entries(quiet)) process.env[name] ??= value;
  const {default: driver} = (await import('snowflake-sdk')) as unknown as {
    readonly default: Driver;
  };
  driver.configure({
    logLevel: 'OFF',
    additionalLogToConsole: false,
    // It would evaluate as a program what is not JSON.
    jsonColumnVariantParser: (text: string): unknown => JSON.parse(text),
    xmlColumnVariantParser: (text: string) => text,
  });
  return driver;
}
