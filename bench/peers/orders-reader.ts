import {readFileSync, statSync} from 'node:fs';
import {systemClock} from '../../src/common/clock.ts';
import {ServerProcess} from '../../test/servers/server-process.ts';
import type {PeerFiles} from './peer-files.ts';

/** What `java/Collect.java` writes per record. */
const RECORD_BYTES = 44;
const KEY_OFFSET = 8;

/** Longer than a rebalance or a snapshot of any of the systems takes. */
const STALL_MS = 120_000;

/** Reads `orders_enriched` with Java's consumer under read_committed, and notes when each record became visible. */
export class OrdersReader {
  readonly #file: string;
  readonly #program: ServerProcess;

  private constructor(file: string, program: ServerProcess) {
    this.#file = file;
    this.#program = program;
  }

  /** `file` is written by it alone. The topic must be there. */
  static async start(
    {classpath}: PeerFiles,
    brokers: readonly string[],
    file: string,
  ): Promise<OrdersReader> {
    const program = await ServerProcess.start({
      name: 'reader of orders_enriched',
      args: [
        '-Xmx256m',
        '-XX:+UseSerialGC',
        '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
        '-cp',
        classpath,
        'Collect',
        brokers.join(','),
        file,
      ],
      isReady: (log) => log.includes('reading'),
    });
    return new OrdersReader(file, program);
  }

  /** The number of records seen so far. */
  get count(): number {
    return Math.floor(statSync(this.#file).size / RECORD_BYTES);
  }

  /** Resolves when `count` records have been seen; fails when none has come for two minutes. */
  async seen(count: number): Promise<void> {
    let before = this.count;
    let since = performance.now();
    while (before < count) {
      await systemClock.sleep(10);
      const now = this.count;
      if (now !== before) since = performance.now();
      before = now;
      if (performance.now() - since > STALL_MS)
        throw new Error(
          `${now} of ${count} orders have come out, and none for ${STALL_MS / 1000} s\n${this.#program.log}`,
        );
    }
  }

  /** Resolves when no record has come for `idleMs`. */
  async quiet(idleMs: number): Promise<void> {
    for (let before = -1; before !== this.count; await systemClock.sleep(idleMs))
      before = this.count;
  }

  /** Microseconds at which each order was first seen. */
  arrivals(): ReadonlyMap<string, number> {
    const bytes = readFileSync(this.#file);
    const arrivals = new Map<string, number>();
    for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
      const id = bytes.toString('latin1', at + KEY_OFFSET, at + RECORD_BYTES);
      if (!arrivals.has(id)) arrivals.set(id, Number(bytes.readBigInt64BE(at)));
    }
    return arrivals;
  }

  stop(): Promise<void> {
    return this.#program.end('SIGKILL');
  }
}
