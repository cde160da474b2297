import {spawn} from 'node:child_process';
import type {ChildProcessWithoutNullStreams} from 'node:child_process';
import {resolve} from 'node:path';
import {createInterface} from 'node:readline';
import {javaCommand, jvmFlags} from './java.ts';
import {prepareServers} from './prepare-servers.ts';

/**
 * A program of `test/servers/java/`, one file, over Kafka's own jars, that talks lines of JSON: what Java's clients do, to compare with.
 *
 * Compiled as it starts, which takes 1.5 s; one that answers many questions is started once. It dies with this process.
 */
export class JavaProgram {
  readonly #name: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #closed: Promise<number | null>;
  #errors = '';

  private constructor(name: string, child: ChildProcessWithoutNullStreams) {
    this.#name = name;
    this.#child = child;
    this.#lines = createInterface({input: child.stdout})[Symbol.asyncIterator]();
    child.stderr.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    // Told by the end of its output.
    child.stdin.on('error', () => undefined);
    this.#closed = new Promise((done) => child.once('close', done));
    child.once('error', (error) => (this.#errors += error.message));
  }

  /** `name` is that of the file and its class: `ReadCommitted`. */
  static async start(name: string, args: readonly string[]): Promise<JavaProgram> {
    const {kafka} = await prepareServers();
    const [command, ...rest] = javaCommand([
      ...jvmFlags,
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
      '-cp',
      kafka.classpath,
      resolve('test/servers/java', `${name}.java`),
      ...args,
    ]);
    return new JavaProgram(name, spawn(command, rest));
  }

  send(value: unknown): void {
    this.#child.stdin.write(`${JSON.stringify(value)}\n`);
  }

  /** The next line that it has written, parsed; fails when it has ended without one. */
  async next<T>(): Promise<T> {
    const {value, done} = await this.#lines.next();
    if (done !== true) return JSON.parse(value) as T;
    const code = await this.#closed;
    throw new Error(`${this.#name} ended (${code}) without a further line:\n${this.#errors}`);
  }

  /** Closes its standard input and waits for its end. */
  async stop(): Promise<void> {
    this.#child.stdin.end();
    this.#child.stdout.resume();
    const code = await this.#closed;
    if (code !== 0) throw new Error(`${this.#name} ended with ${code}:\n${this.#errors}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
