import {ManualClock} from './manual-clock.ts';

/** Virtual milliseconds that pass in a real one. */
const SPEED = 20;

/**
 * A manual clock that runs by itself, faster than time: backoffs and session timeouts pass without a wait that is felt.
 *
 * It stands still while the event loop is held up, so a slow machine makes nothing time out.
 */
export class FastClock extends ManualClock {
  readonly #timer = setInterval(() => this.advance(SPEED), 1);

  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return ms > 0 ? super.sleep(ms, signal) : this.yield();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
