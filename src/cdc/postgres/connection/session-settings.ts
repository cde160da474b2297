/**
 * The settings that decide which text Postgres writes for a value, pinned for every connection: the walsender's output
 * follows its session, so `ALTER DATABASE … SET datestyle` would otherwise change the events.
 * Timeouts are switched off because roles may carry ones that end a long snapshot.
 */
const sessionSettings = {
  datestyle: 'ISO,MDY',
  timezone: 'UTC',
  intervalstyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '3',
  lc_monetary: 'C',
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
} as const;

/** `options` of the start-up packet; it wins over what the database or the role has set. */
export const sessionOptions = Object.entries(sessionSettings)
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(' ');
