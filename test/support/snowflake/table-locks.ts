import {SnowflakeFailure} from './snowflake-failure.ts';

/**
 * Locks on whole tables, held until a transaction ends: UPDATE, DELETE and MERGE take one, INSERT and COPY none
 * (Snowflake's page on transactions, "Resource locking").
 */
export class TableLocks {
  readonly #holders = new Map<string, object>();
  readonly #waiting: (() => void)[] = [];

  /** @throws SnowflakeFailure 000625 after `timeoutMs`. */
  async acquire(table: string, owner: object, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const holder = this.#holders.get(table);
      if (holder === undefined || holder === owner) break;
      const left = deadline - Date.now();
      if (left <= 0)
        throw new SnowflakeFailure(
          '000625',
          '57014',
          `Another transaction has locked table '${table}', and this lock has not yet been released.`,
        );
      await this.#released(left);
    }
    this.#holders.set(table, owner);
  }

  release(owner: object): void {
    for (const [table, holder] of this.#holders) if (holder === owner) this.#holders.delete(table);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #released(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
