#!/usr/bin/env node
import {runCli} from './cli.ts';
import {errorLines} from './common/error-lines.ts';
import {messageOf, ServiceError} from './common/errors.ts';
import {createLogger} from './common/logger.ts';
import {Secrets} from './common/secrets.ts';

/** Of sysexits.h: a mistake in this program. */
const EX_SOFTWARE = 70;

const secrets = new Secrets();
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // A second one is impatience: what is open is aborted at the next start.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  });
}
// Rejections that nobody handles come here too.
process.on('uncaughtException', crash);

try {
  await runCli(process.argv.slice(2), stop.signal, secrets);
  process.exit(0);
} catch (error) {
  if (!(error instanceof ServiceError)) crash(error);
  process.stderr.write(
    `${errorLines(error)
      .map((line) => secrets.redact(line))
      .join('\n')}\n`,
  );
  process.exit(1);
}

/** What nobody foresaw: one line of the log with all that is known of it, but no secret. */
function crash(error: unknown): never {
  createLogger('error', secrets).error({error}, `crashed: ${messageOf(error)}`);
  process.exit(EX_SOFTWARE);
}
