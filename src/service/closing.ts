/** What is open, closed last first when the block of its `await using` ends. */
export class Closing implements AsyncDisposable {
  readonly #closers: (() => Promise<void>)[] = [];

  defer(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  /** Closes all, also when one fails; then rejects with the first failure. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closers.splice(0).toReversed()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
