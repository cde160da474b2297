import type {Clock} from './clock.ts';

/** Lets one waiter sleep until something has happened; what happens while nobody waits is not forgotten. */
export class Latch {
  #set = false;
  #resolve: (() => void) | undefined;

  wake(): void {
    this.#set = true;
    this.#resolve?.();
  }

  async wait(): Promise<void> {
    if (!this.#set) await new Promise<void>((resolve) => (this.#resolve = resolve));
    this.#resolve = undefined;
    this.#set = false;
  }

  /** As {@link wait}, for `ms` at most. */
  async waitFor(ms: number, clock: Clock): Promise<void> {
    const woken = new AbortController();
    void this.#wakeAfter(ms, clock, woken.signal);
    await this.wait();
    woken.abort();
  }

  async #wakeAfter(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    await clock.sleep(ms, signal);
    if (!signal.aborted) this.wake();
  }
}
