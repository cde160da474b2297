import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Clock} from '../common/clock.ts';
import {FatalError} from '../common/errors.ts';

const PAUSE_MS = 50;
/** A fast shutdown ends sessions at once and writes a checkpoint; only then is it hurried. */
const FAST_SHUTDOWN_MS = 10_000;
const IMMEDIATE_SHUTDOWN_MS = 5_000;

/**
 * Ends the server that a killed process has left on a data directory, and waits until it is gone.
 *
 * @throws FatalError POSTGRES_START_FAILED when it does not go.
 */
export async function endLeftoverServer(dataDirectory: string, clock: Clock): Promise<void> {
  const pid = leftoverPid(dataDirectory);
  if (pid === undefined) return;
  const shutdowns = [
    ['SIGINT', FAST_SHUTDOWN_MS],
    ['SIGQUIT', IMMEDIATE_SHUTDOWN_MS],
  ] as const;
  for (const [signal, patienceMs] of shutdowns) {
    if (!send(pid, signal)) return;
    for (const deadline = clock.now() + patienceMs; clock.now() < deadline;) {
      if (leftoverPid(dataDirectory) !== pid) return;
      await clock.sleep(PAUSE_MS);
    }
  }
  throw new FatalError(
    'POSTGRES_START_FAILED',
    `the Postgres of an earlier run (process ${pid}) still has ${dataDirectory} open; end that process`,
  );
}

/** The process that runs a server on the directory, by its `postmaster.pid`; undefined when there is none. */
export function leftoverPid(dataDirectory: string): number | undefined {
  const file = join(dataDirectory, 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const [line = ''] = readFileSync(file, 'utf8').split('\n');
  const pid = Number(line);
  if (!Number.isInteger(pid) || pid <= 1 || !send(pid, 0)) return undefined;
  return isPostgresOn(pid, dataDirectory) ? pid : undefined;
}

/** After a restart of the machine the number may belong to anybody; where the system tells, the command line decides. */
function isPostgresOn(pid: number, dataDirectory: string): boolean {
  const commandLine = `/proc/${pid}/cmdline`;
  if (!existsSync(commandLine)) return process.platform !== 'linux';
  return readFileSync(commandLine, 'utf8').split('\0').includes(dataDirectory);
}

/** Whether the process was there to take the signal. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
