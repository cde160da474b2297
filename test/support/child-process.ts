import {spawn} from 'node:child_process';
import type {ChildProcess as Process} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {until} from './until.ts';

export interface ChildProcessOptions {
  /** Most bytes that a file of it may have (`ulimit -f`): a write beyond fails, as on a full disk. */
  readonly maxFileBytes?: number;
}

/** A script of `test/support/processes/` as a process of its own, and the lines that it has written. */
export class ChildProcess {
  readonly lines: string[] = [];
  readonly #process: Process;
  readonly #closed: Promise<unknown>;
  #errors = '';

  constructor(script: string, args: readonly string[], {maxFileBytes}: ChildProcessOptions = {}) {
    const path = fileURLToPath(new URL(`processes/${script}.ts`, import.meta.url));
    const command = [process.execPath, '--import', 'tsx', path, ...args];
    const limit = maxFileBytes === undefined ? '' : `ulimit -f ${Math.ceil(maxFileBytes / 1024)}; `;
    this.#process =
      limit === ''
        ? spawn(command[0] as string, command.slice(1))
        : spawn('bash', ['-c', `${limit}exec "$@"`, 'bash', ...command]);
    this.#closed = once(this.#process, 'close');
    if (this.#process.stdout !== null) {
      createInterface(this.#process.stdout).on('line', (line) => this.lines.push(line));
    }
    this.#process.stderr?.on('data', (chunk) => (this.#errors += String(chunk)));
  }

  /** The first line that matches, once it has come. */
  async line(pattern: RegExp): Promise<string> {
    let found: string | undefined;
    await until(`the child writes ${pattern}`, () => {
      found = this.lines.find((line) => pattern.test(line));
      if (found === undefined && this.#process.exitCode !== null) {
        throw new Error(`the child ended before it wrote ${pattern}: ${this.#errors}`);
      }
      return found !== undefined;
    });
    return found as string;
  }

  /** Kills it at once (`kill -9`); all it has written is in `lines` then. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#closed;
  }

  /** Resolves when it has ended by itself. */
  async end(): Promise<void> {
    await this.#closed;
  }
}
