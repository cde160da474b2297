import type {Surroundings} from './surroundings.ts';

/** One of the systems that are compared, running. */
export interface SystemUnderTest {
  /** Its processes by name. */
  readonly pids: Readonly<Record<string, number>>;
  /** Resolves when the `count` records that have reached `orders_enriched` are also where the system takes them on to. */
  delivered(count: number): Promise<void>;
  /** What it has to say about itself, for the message of a failure. */
  log(): Promise<string>;
  /** Ends it; resolves with the orders in its warehouse, undefined where it has none. */
  stop(): Promise<number | undefined>;
}

/** How to start it, and what to say of it. */
export interface SystemKind {
  readonly name: string;
  /** What the figures include. */
  readonly includes: string;
  start(surroundings: Surroundings): Promise<SystemUnderTest>;
}
