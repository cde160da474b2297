import {spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {serverPort} from './server-port.ts';
import {until} from './until.ts';

/** The built service without any configuration, in a folder of its own. */
export class DemoService {
  readonly url: string;
  readonly #directory = mkdtempSync(join(tmpdir(), 'millrace-page-'));
  readonly #port: number;
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(port: number) {
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<DemoService> {
    const service = new DemoService(await serverPort());
    await service.start();
    return service;
  }

  /** Resolves once the first rows are in the warehouse. */
  async start(): Promise<void> {
    this.#output = '';
    const child = spawn(process.execPath, [resolve('dist/main.js')], {
      cwd: this.#directory,
      env: {...process.env, MILLRACE_HTTP_LISTEN: `127.0.0.1:${this.#port}`},
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => (this.#output += String(text)));
    }
    this.#child = child;
    await until('the first rows are shown', () => {
      if (child.exitCode !== null) throw new Error(this.#output);
      return this.#output.includes('order_id ');
    });
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  /** Ends the replication sessions of Postgres, and takes no new ones until `continuePostgres`. */
  stopPostgres(): void {
    const postmaster = this.#postmaster();
    process.kill(postmaster, 'SIGSTOP');
    const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8');
    for (const pid of children.trim().split(' ')) {
      const isWalSender = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('walsender');
      if (isWalSender) process.kill(Number(pid), 'SIGTERM');
    }
  }

  continuePostgres(): void {
    process.kill(this.#postmaster(), 'SIGCONT');
  }

  async close(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.#directory, {recursive: true, force: true});
  }

  #postmaster(): number {
    const file = join(this.#directory, 'data', 'postgres', 'data', 'postmaster.pid');
    return Number(readFileSync(file, 'utf8').split('\n')[0]);
  }
}
