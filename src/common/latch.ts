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
    const cancel = clock.after(ms, () => this.wake());
    await this.wait();
    cancel();
  }
}
