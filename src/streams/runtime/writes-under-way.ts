/** Writes that go on beside their caller, one at a time for each key. What fails is thrown by the next call for its key, or at the end. */
export class WritesUnderWay {
  readonly #writes = new Map<string, Promise<void>>();

  /** Starts a write as soon as the last one of the same key is done. */
  async start(key: string, write: () => Promise<void>): Promise<void> {
    await this.#writes.get(key);
    const started = write();
    // Looked at later; until then its failure is nobody's unhandled rejection.
    void Promise.allSettled([started]);
    this.#writes.set(key, started);
  }

  /** Waits for all, then throws the first failure. */
  async done(): Promise<void> {
    const results = await Promise.allSettled(this.#writes.values());
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}
