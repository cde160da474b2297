import type {Clock} from '../../../common/clock.ts';
import {messageOf} from '../../../common/errors.ts';
import {ConnectionLostError} from './broker-error.ts';

/** No broker answers any more. */
export interface Outage {
  /** When that was seen first, in milliseconds since 1970. */
  readonly since: number;
  /** What became of the request that failed last. */
  readonly reason: string;
}

/** What one look found, since the look before: answers, failures, or neither. */
type Finding = 'answered' | 'silent' | 'quiet';

/**
 * Looks in a row without an answer that make an outage: few enough for it to be told within five seconds. While a leader
 * moves other brokers answer, and collections of garbage take less.
 */
const SILENT_LOOKS = 3;

/**
 * Whether any broker answers, from what becomes of all requests.
 *
 * Counted in looks and not in time, so that a process that stood still takes its own absence for nobody else's.
 */
export class Reachability {
  readonly #clock: Clock;
  /** When each request that is under way should have been answered. */
  readonly #dueAt = new Set<{readonly at: number}>();
  #hasAnswer = false;
  #failure: string | undefined;
  #lastLook: number;
  #silentLooks = 0;
  #since = 0;
  #reason = '';

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastLook = clock.now();
  }

  /** Sends a request that may wait at the broker for `waitMs`, and takes note of what becomes of it. */
  async observe<T>(waitMs: number, send: () => Promise<T>): Promise<T> {
    const due = {at: this.#clock.now() + waitMs};
    this.#dueAt.add(due);
    try {
      const answer = await send();
      this.#hasAnswer = true;
      return answer;
    } catch (error) {
      // A refusal is an answer, too.
      if (error instanceof ConnectionLostError) this.#failure = messageOf(error);
      else this.#hasAnswer = true;
      throw error;
    } finally {
      this.#dueAt.delete(due);
    }
  }

  /** The outage, if there is one, as of now. Called about once a second. */
  look(): Outage | undefined {
    const finding = this.#found();
    if (finding === 'answered') this.#silentLooks = 0;
    if (finding === 'silent') {
      if (this.#silentLooks === 0) this.#since = this.#lastLook;
      this.#silentLooks++;
      this.#reason = this.#failure ?? this.#reason;
    }
    this.#lastLook = this.#clock.now();
    this.#hasAnswer = false;
    this.#failure = undefined;
    if (this.#silentLooks < SILENT_LOOKS) return undefined;
    return {since: this.#since, reason: this.#reason || 'requests are not answered'};
  }

  #found(): Finding {
    if (this.#hasAnswer) return 'answered';
    const isOverdue = [...this.#dueAt].some(({at}) => at <= this.#lastLook);
    return isOverdue || this.#failure !== undefined ? 'silent' : 'quiet';
  }
}
