#!/usr/bin/env node
import {runCli} from './cli.ts';
import {errorLines} from './common/error-lines.ts';
import {ServiceError} from './common/errors.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // A second one is impatience: what is open is aborted at the next start.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  });
}

try {
  await runCli(process.argv.slice(2), stop.signal);
  process.exit(0);
} catch (error) {
  if (error instanceof ServiceError) {
    process.stderr.write(`${errorLines(error).join('\n')}\n`);
    process.exit(1);
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(70);
}
