import {spawn} from 'node:child_process';
import type {ChildProcess as Process} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';

export interface ChildProcessOptions {
  /** Most bytes that a file of it may have (`ulimit -f`): a write beyond fails, as on a full disk. */
  readonly maxFileBytes?: number;
}

/** A script as a process of its own, and the lines that it has written. */
export class ChildProcess {
  readonly lines: string[] = [];
  readonly #process: Process;
  readonly #closed: Promise<unknown>;
  #errors = '';
  #onLine: () => void = () => undefined;

  constructor(script: string, args: readonly string[], options: ChildProcessOptions = {}) {
    const {maxFileBytes = 0} = options;
    const limit = maxFileBytes === 0 ? '' : `ulimit -f ${Math.ceil(maxFileBytes / 1024)} && `;
    const command = [process.execPath, script, ...args];
    this.#process = spawn('bash', ['-c', `${limit}exec "$@"`, 'bash', ...command]);
    this.#closed = once(this.#process, 'close');
    this.#process.stderr?.on('data', (chunk) => (this.#errors += String(chunk)));
    if (this.#process.stdout === null) return;
    createInterface(this.#process.stdout).on('line', (line) => {
      this.lines.push(line);
      this.#onLine();
    });
  }

  /** Resolves at once when the lines are as asked for. */
  async when(what: string, condition: (lines: readonly string[]) => boolean): Promise<void> {
    const met = new Promise<'met'>((resolve) => {
      this.#onLine = () => condition(this.lines) && resolve('met');
      this.#onLine();
    });
    if ((await Promise.race([met, this.#closed])) === 'met') return;
    throw new Error(`the child ended before ${what}: ${this.lines.at(-1)} ${this.#errors}`);
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
