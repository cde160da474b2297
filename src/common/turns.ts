/** Work that must not overlap, such as statements of one connection: each piece begins when those before it have ended. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` after everything that was given before, however that ended. @returns what it returns, or throws. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves once everything that was given so far has ended. */
  async ended(): Promise<void> {
    await this.#last;
  }
}
