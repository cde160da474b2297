/** What a warehouse's stand-in does with one statement, in place of running it and answering. */
export type StatementFault =
  /** Refuses it without running it, as a warehouse refuses what is wrong for the moment. */
  | 'fails-before'
  /** Runs it, then answers that it has failed. */
  | 'fails-after'
  /** Cuts the connection without running it. */
  | 'reset'
  /** Runs it, then cuts the connection in place of answering. */
  | 'answer-lost'
  /** Never answers; it is not run. What the client left open stays open, as of a process that was killed. */
  | 'hangs-before'
  /** Runs it and never answers. */
  | 'hangs-after'
  /** The session is gone: the client has to log in again. */
  | 'session-expired'
  /** HTTP 429 without running it. */
  | 'too-many-requests'
  /** HTTP 503 without running it. */
  | 'unavailable'
  /** Runs it and answers once {@link StatementFaults.whenReleased} resolves: of a client that was stopped for a while. */
  | 'held';

/** One fault, until it has met `times` statements. */
interface ArmedFault {
  readonly fault: StatementFault;
  /** Statements that still go through before the first that it meets; a pattern that the first has to match. */
  readonly at: {passing: number} | RegExp;
  times: number;
  hasMet: boolean;
  readonly reached: () => void;
}

/**
 * The statements that a stand-in has been sent, and what is to happen to the next ones.
 *
 * A stand-in calls {@link take} once for each statement that arrives, a repetition included.
 */
export class StatementFaults {
  readonly #statements: string[] = [];
  #armed: ArmedFault[] = [];
  #whenReached: Promise<void> = Promise.resolve();
  #whenReleased: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  /** Every statement that arrived since the last {@link clear}, in order, whatever became of it. */
  get statements(): readonly string[] {
    return this.#statements;
  }

  /** Resolves when the statement has arrived that was armed last. */
  get whenReached(): Promise<void> {
    return this.#whenReached;
  }

  /** What a statement that is `held` waits for. */
  get whenReleased(): Promise<void> {
    return this.#whenReleased;
  }

  /** Lets statements that are `held` go on. */
  release(): void {
    this.#release();
  }

  /**
   * Lets `fault` meet `times` statements in a row: from the `at`th from now on (1 is the next one), or from the next
   * that matches. Faults armed before stay armed; of two that a statement would meet it is the older one.
   */
  arm(fault: StatementFault, at: number | RegExp = 1, times = 1): void {
    if (fault === 'held')
      this.#whenReleased = new Promise((release) => {
        this.#release = release;
      });
    this.#whenReached = new Promise((reached) => {
      const first = typeof at === 'number' ? {passing: at - 1} : at;
      this.#armed.push({fault, at: first, times, hasMet: false, reached});
    });
  }

  /** Notes a statement that has arrived; answers what is to happen to it, undefined: run it and answer. */
  take(sql: string): StatementFault | undefined {
    this.#statements.push(sql);
    // All of them are asked, because each counts.
    const [met] = this.#armed.filter((armed) => meets(armed, sql));
    if (met === undefined) return undefined;
    met.hasMet = true;
    met.times--;
    met.reached();
    this.#armed = this.#armed.filter(({times}) => times > 0);
    return met.fault;
  }

  /** Forgets the statements, and what was to happen to further ones; lets those go on that are held. */
  clear(): void {
    this.#release();
    this.#statements.length = 0;
    this.#armed = [];
  }
}

/** Whether the statement is one of those that the fault is for; counts it where it is not. */
function meets({at, hasMet}: ArmedFault, sql: string): boolean {
  if (hasMet) return true;
  if (at instanceof RegExp) return at.test(sql);
  if (at.passing === 0) return true;
  at.passing--;
  return false;
}
