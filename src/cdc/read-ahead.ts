/** Reads one item ahead of its consumer, who asks without waiting; `onChange` is called when an answer would differ. */
export class ReadAhead<T> {
  readonly #iterator: AsyncIterator<T>;
  readonly #onChange: () => void;
  #item: T | undefined;
  #isDone = false;
  #failure: {readonly error: unknown} | undefined;

  constructor(items: AsyncIterable<T>, onChange: () => void) {
    this.#iterator = items[Symbol.asyncIterator]();
    this.#onChange = onChange;
    void this.#advance();
  }

  /** Nothing more will come, and everything was taken. */
  get isDone(): boolean {
    return this.#isDone && this.#item === undefined;
  }

  /**
   * The next item, if it is here.
   *
   * @throws what the items ended with.
   */
  take(): T | undefined {
    const item = this.#item;
    if (item !== undefined) {
      this.#item = undefined;
      void this.#advance();
    } else if (this.#failure !== undefined) {
      throw this.#failure.error;
    }
    return item;
  }

  /** Ends the items, which must be about to end by themselves; resolves once their source has let go. */
  async close(): Promise<void> {
    try {
      await this.#iterator.return?.();
    } catch {
      // Whoever closes early has the first error already.
    }
  }

  async #advance(): Promise<void> {
    try {
      const result = await this.#iterator.next();
      if (result.done === true) this.#isDone = true;
      else this.#item = result.value;
    } catch (error) {
      this.#failure = {error};
    }
    this.#onChange();
  }
}
