import {systemClock} from '../../../src/common/clock.ts';
import type {Clock} from '../../../src/common/clock.ts';

/** A clock whose pauses last until they are over for all that wait. */
export class DeadlineClock implements Clock {
  readonly now = (): number => systemClock.now();
  readonly nowMicros = (): number => systemClock.nowMicros();
  readonly every: Clock['every'] = (ms, run) => systemClock.every(ms, run);
  readonly yield = (): Promise<void> => systemClock.yield();
  readonly #waiting = new Set<() => void>();

  sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(resolve);
      signal?.addEventListener('abort', () => {
        this.#waiting.delete(resolve);
        resolve();
      });
    });
  }

  after(_ms: number, run: () => void): () => void {
    this.#waiting.add(run);
    return () => this.#waiting.delete(run);
  }

  /** The time of all pauses is up. */
  expire(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
