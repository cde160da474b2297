import {spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {until} from '../support/until.ts';
import {javaCommand} from './java.ts';

/** How much of what a server wrote is kept for the message of a failure. */
const LOG_CHARACTERS = 65_536;

/** Beyond what a start takes on two cores at load 27, measured: 27 s for three brokers. */
const START_TIMEOUT_MS = 60_000;

export interface ServerProcessOptions {
  /** For messages: `kafka node 1`. */
  readonly name: string;
  /** What follows `java`. */
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Asked until yes; `log` is the end of what the server has written to standard output and error. */
  readonly isReady: (log: string) => boolean | Promise<boolean>;
}

/** A Java server as a process of its own that dies with this one. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #log = '';
  #hasExited = false;

  private constructor({args, cwd}: ServerProcessOptions) {
    const [command, ...rest] = javaCommand(args);
    const child = spawn(command, rest, {stdio: ['ignore', 'pipe', 'pipe'], cwd});
    this.#child = child;
    const keep = (chunk: Buffer): void => {
      this.#log = (this.#log + chunk.toString()).slice(-LOG_CHARACTERS);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    this.#exited = new Promise((resolve) => {
      const exited = (): void => {
        this.#hasExited = true;
        resolve();
      };
      child.once('exit', exited);
      child.once('error', (error) => {
        this.#log += error.message;
        exited();
      });
    });
  }

  /** Resolves when the server is ready; ends it when it does not become so. */
  static async start(options: ServerProcessOptions): Promise<ServerProcess> {
    const server = new ServerProcess(options);
    try {
      await until(
        `${options.name} is ready`,
        () => {
          if (server.#hasExited) throw new Error(`${options.name} ended:\n${server.log}`);
          return options.isReady(server.log);
        },
        START_TIMEOUT_MS,
        () => server.log,
      );
    } catch (error) {
      await server.end('SIGKILL');
      throw error;
    }
    return server;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The end of what it has written. */
  get log(): string {
    return this.#log;
  }

  /** Sends a signal it does not die of: SIGSTOP, SIGCONT. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** Resolves when the process is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (!this.#hasExited) this.#child.kill(signal);
    await this.#exited;
  }
}
