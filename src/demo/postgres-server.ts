import {spawn} from 'node:child_process';
import type {ChildProcessByStdio} from 'node:child_process';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import type {Readable} from 'node:stream';
import type {Clock} from '../common/clock.ts';
import type {Component, ComponentStatus} from '../common/component.ts';
import {FatalError} from '../common/errors.ts';
import {freePort} from './free-port.ts';
import {endLeftoverServer} from './leftover-server.ts';
import {postgresBinaries} from './postgres-binaries.ts';
import {postgresCluster} from './postgres-cluster.ts';
import type {PostgresCluster} from './postgres-cluster.ts';
import {commandAs, serverAccount} from './server-account.ts';

/** Some memory and no more; WAL for the slots of a demo that is paused for a while. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  wal_level: 'logical',
  max_wal_senders: '10',
  max_replication_slots: '10',
  shared_buffers: '32MB',
  max_wal_size: '256MB',
};

type ServerProcess = ChildProcessByStdio<null, null, Readable>;

/** Lines of the server's log that are kept for an error message. */
const KEPT_LINES = 20;
const READY = 'ready to accept connections';

/**
 * A real Postgres 18 from npm in a folder of its own, on a port of 127.0.0.1. It ends with this process.
 *
 * Folder and port stay the same over restarts; what a killed run has left running is ended first.
 */
export class PostgresServer implements Component {
  readonly name = 'embedded postgres';
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly #child: ServerProcess;
  readonly #exited: Promise<void>;
  readonly #log: readonly string[];

  private constructor(
    port: number,
    {user, password}: PostgresCluster,
    child: ServerProcess,
    log: readonly string[],
  ) {
    this.port = port;
    this.user = user;
    this.password = password;
    this.#child = child;
    this.#log = log;
    this.#exited = new Promise((resolve) => child.once('exit', () => resolve()));
  }

  /** @throws FatalError POSTGRES_START_FAILED with what the server's log says. */
  static async start(directory: string, clock: Clock): Promise<PostgresServer> {
    const binaries = await postgresBinaries();
    const account = serverAccount();
    const cluster = await postgresCluster(directory, binaries, account);
    await endLeftoverServer(cluster.dataDirectory, clock);
    const portFile = join(directory, 'port');
    const port = await freePort(
      existsSync(portFile) ? Number(readFileSync(portFile, 'utf8')) : undefined,
    );
    writeFileSync(portFile, String(port));
    const [command, ...args] = commandAs(
      account,
      [
        binaries.postgres,
        '-D',
        cluster.dataDirectory,
        '-p',
        String(port),
        ...Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      {dieWithUs: true},
    );
    // In a process group of its own: Ctrl-C is for us, who need the server until all is closed.
    const child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: '/',
      detached: true,
    });
    const log: string[] = [];
    const server = new PostgresServer(port, cluster, child, log);
    await untilReady(child, log, directory);
    return server;
  }

  status(): ComponentStatus {
    const isRunning = this.#child.exitCode === null && this.#child.signalCode === null;
    return {state: isRunning ? 'running' : 'stopped', port: this.port};
  }

  /** Rejects when the server ends before `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<'aborted'>((resolve) => {
      if (signal.aborted) resolve('aborted');
      else signal.addEventListener('abort', () => resolve('aborted'), {once: true});
    });
    if ((await Promise.race([aborted, this.#exited])) === 'aborted') return;
    throw new FatalError(
      'POSTGRES_START_FAILED',
      `the embedded Postgres has ended (${lastLine(this.#log)}); start millrace again`,
    );
  }

  /** A fast shutdown: sessions are ended, nothing is lost. */
  async stop(): Promise<void> {
    this.#child.kill('SIGINT');
    await this.#exited;
  }
}

function untilReady(child: ServerProcess, log: string[], directory: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // Read to the end, or the pipe would fill up and the server would stop.
    createInterface({input: child.stderr}).on('line', (line) => {
      if (log.push(line) > KEPT_LINES) log.shift();
      if (line.includes(READY)) resolve();
    });
    const failed = (reason: string): void =>
      reject(
        new FatalError(
          'POSTGRES_START_FAILED',
          `the embedded Postgres in ${directory} does not start: ${reason}; check the folder's owner and free space, or set another data.dir`,
        ),
      );
    child.once('error', (error) => failed(error.message));
    child.once('exit', () => failed(lastLine(log)));
  });
}

/** What the server said last, without the time in front. */
function lastLine(log: readonly string[]): string {
  const fatal = log.findLast((line) => /FATAL|PANIC/.test(line)) ?? log.at(-1) ?? 'it said nothing';
  return fatal.replace(/^.*?(?=FATAL|PANIC)/, '');
}
