import type {Clock} from '../../src/common/clock.ts';

/** A clock that moves only by `advance`; sleeps end, and `after` and `every` run, when their time has come. */
export class ManualClock implements Clock {
  #now: number;
  readonly #sleepers = new Set<{readonly at: number; readonly wake: () => void}>();
  readonly #repeats = new Set<{readonly ms: number; readonly run: () => void; next: number}>();

  constructor(now = 1_704_070_800_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  nowMicros(): number {
    return this.#now * 1000;
  }

  /** How many sleeps have not ended, those of `after` included. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const sleeper = {
        at: this.#now + ms,
        wake: (): void => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener('abort', sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', sleeper.wake, {once: true});
    });
  }

  after(ms: number, run: () => void): () => void {
    const sleeper = {
      at: this.#now + ms,
      wake: (): void => {
        this.#sleepers.delete(sleeper);
        run();
      },
    };
    this.#sleepers.add(sleeper);
    return () => this.#sleepers.delete(sleeper);
  }

  every(ms: number, run: () => void): () => void {
    const repeat = {ms, run, next: this.#now + ms};
    this.#repeats.add(repeat);
    return () => this.#repeats.delete(repeat);
  }

  yield(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const sleeper of Array.from(this.#sleepers)) if (sleeper.at <= this.#now) sleeper.wake();
    for (const repeat of this.#repeats) {
      while (repeat.next <= this.#now) {
        repeat.next += repeat.ms;
        repeat.run();
      }
    }
  }
}
