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
  | 'held'
  /** Runs it, and commits and answers once that resolves: where a statement is a transaction of its own, of a slow one. */
  | 'commits-late';

/**
 * Which statements a fault is for: the one of this number, with those right behind it where the fault is for several; or the
 * first ones that match, or of which the function says so, whatever comes between them.
 */
export type FaultyStatement = number | RegExp | ((sql: string) => boolean);

/** One fault, until it has met `times` statements. */
interface ArmedFault {
  readonly fault: StatementFault;
  /** Asked of each statement that arrives. */
  readonly isMet: (sql: string) => boolean;
  times: number;
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

  /** What a statement that arrives now and is `held`, or `commits-late`, waits for: the release of the fault armed last. */
  get whenReleased(): Promise<void> {
    return this.#whenReleased;
  }

  /** Lets those go on that wait by the fault armed last. */
  release(): void {
    this.#release();
  }

  /**
   * Lets `fault` meet `times` statements: from the `at`th from now on (1 is the next one), or the next that match or are said
   * to be met. Faults armed before stay armed; of two that a statement would meet it is the older one.
   *
   * @returns lets those go on that this fault makes wait.
   */
  arm(fault: StatementFault, at: FaultyStatement = 1, times = 1): () => void {
    if (fault === 'held' || fault === 'commits-late')
      this.#whenReleased = new Promise((release) => {
        this.#release = release;
      });
    const release = this.#release;
    this.#whenReached = new Promise((reached) => {
      this.#armed.push({fault, isMet: conditionOf(at), times, reached});
    });
    return release;
  }

  /** Notes a statement that has arrived; answers what is to happen to it, undefined: run it and answer. */
  take(sql: string): StatementFault | undefined {
    this.#statements.push(sql);
    // All of them are asked, because each counts.
    const [met] = this.#armed.filter(({isMet}) => isMet(sql));
    if (met === undefined) return undefined;
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

function conditionOf(at: FaultyStatement): (sql: string) => boolean {
  if (typeof at === 'function') return at;
  if (typeof at !== 'number') return (sql) => at.test(sql);
  let passing = at - 1;
  return () => {
    // Stays so: an older fault may meet the statement first, and there may be more of them.
    if (passing === 0) return true;
    passing--;
    return false;
  };
}
