import {spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {createWriteStream} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {until} from './until.ts';

/** What `/api/status` answers, as far as tests read it. */
export interface Status {
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Null while Kafka does not answer. */
  readonly logEnds: Readonly<Record<string, number>> | null;
  readonly conditions: readonly {
    readonly code: string;
    readonly subject: string;
    readonly message: string;
  }[];
}

/** The built service as its own process, under one data directory that survives it. */
export class ServiceProcess {
  readonly #directory: string;
  readonly #port: number;
  readonly #arguments: readonly string[];
  #child: ChildProcess | undefined;
  #exited: Promise<number | null> = Promise.resolve(null);

  /** `directory` holds `millrace.yaml`, whose `http.listen` names `port`; `roles` as `--roles` takes them, all without. */
  constructor(directory: string, port: number, roles?: string) {
    this.#directory = directory;
    this.#port = port;
    this.#arguments = roles === undefined ? [] : ['--roles', roles];
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  start(nodeFlags: readonly string[] = []): void {
    const log = createWriteStream(join(this.#directory, 'service.log'), {flags: 'a'});
    const child = spawn(
      process.execPath,
      [
        ...nodeFlags,
        'dist/main.js',
        'start',
        '--config',
        join(this.#directory, 'millrace.yaml'),
        ...this.#arguments,
      ],
      {stdio: ['ignore', 'pipe', 'pipe']},
    );
    child.stdout.pipe(log, {end: false});
    child.stderr.pipe(log, {end: false});
    this.#child = child;
    this.#exited = new Promise((resolve) => child.on('exit', (code) => resolve(code)));
  }

  async ready(): Promise<void> {
    await until('the service is ready', async () => {
      if (this.#child?.exitCode !== null) throw new Error(await this.log());
      return (await this.#get('/readyz'))?.status === 200;
    });
  }

  async status(): Promise<Status> {
    const response = await this.#get('/api/status');
    if (response === undefined) throw new Error(`no answer from the service\n${await this.log()}`);
    return (await response.json()) as Status;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.#port}${path}`;
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  /** SIGSTOP: it holds what it has, and does nothing. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  /** SIGCONT: it goes on as if no time had passed. */
  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    this.#child?.kill('SIGTERM');
    return this.#exited;
  }

  /** Resolves with the exit code when it has ended by itself. */
  exited(): Promise<number | null> {
    return this.#exited;
  }

  /** The end of everything it has logged so far. */
  async log(): Promise<string> {
    return (await this.logged()).slice(-4000);
  }

  /** Everything it has logged so far. */
  logged(): Promise<string> {
    return readFile(join(this.#directory, 'service.log'), 'utf8');
  }

  async #get(path: string): Promise<Response | undefined> {
    try {
      return await fetch(this.url(path));
    } catch {
      return undefined;
    }
  }
}
