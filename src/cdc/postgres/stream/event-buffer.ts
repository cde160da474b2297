import type {SourceEvent} from '../../replication-source.ts';

/**
 * Events between the socket, which pushes them, and one consumer, which takes all that are there at once.
 *
 * `onFull` is called when more than `limitBytes` wait, `onTaken` when a full buffer was emptied.
 */
export class EventBuffer {
  readonly #limitBytes: number;
  readonly #onFull: () => void;
  readonly #onTaken: () => void;
  #events: SourceEvent[] = [];
  #bytes = 0;
  #full = false;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(limitBytes: number, onFull: () => void, onTaken: () => void) {
    this.#limitBytes = limitBytes;
    this.#onFull = onFull;
    this.#onTaken = onTaken;
  }

  /** `bytes`: what the event took on the wire. */
  push(event: SourceEvent, bytes: number): void {
    this.#events.push(event);
    this.#bytes += bytes;
    if (this.#full || this.#bytes <= this.#limitBytes) return;
    this.#full = true;
    this.#onFull();
  }

  /** Lets a waiting consumer have what was pushed; once per read from the socket, not per event. */
  flush(): void {
    if (this.#events.length > 0 || this.#ended) this.#wake?.();
  }

  /** No more events come; the consumer still gets those that are here. */
  end(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
  }

  /**
   * Waits until there are events and takes them; undefined at the end.
   *
   * @throws the error that ended it, once everything before was taken.
   */
  async take(): Promise<readonly SourceEvent[] | undefined> {
    if (this.#events.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
    if (this.#events.length === 0) {
      if (this.#error !== undefined) throw this.#error;
      return undefined;
    }
    const events = this.#events;
    this.#events = [];
    this.#bytes = 0;
    if (this.#full) {
      this.#full = false;
      this.#onTaken();
    }
    return events;
  }
}
