/** Lets those who ask for the same at the same time wait for one answer. Keeps none. */
export class InFlight<K, V> {
  readonly #pending = new Map<K, Promise<V>>();

  /** Runs `ask`, or joins who asks for `key` already, and fails as that one does. */
  async share(key: K, ask: () => Promise<V>): Promise<V> {
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const asked = ask();
    this.#pending.set(key, asked);
    try {
      return await asked;
    } finally {
      this.#pending.delete(key);
    }
  }
}
