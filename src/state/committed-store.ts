/**
 * The port to durable state: the committed rows of one partition of one store, as bytes.
 *
 * Holds nothing of an open transaction. Rows and the checkpoint that they belong to are written together or not at
 * all. Every implementation passes `test/suites/committed-store-suite.ts`.
 */
export interface CommittedStore {
  readonly name: string;
  get(key: Buffer): Buffer | undefined;
  /**
   * Entries whose key begins with `prefix`, in byte order, as of the call.
   *
   * @throws TaskError STATE_INDEX_MISSING at the first range of a large store; opened again, it has the index.
   */
  range(prefix?: Buffer): Iterable<readonly [Buffer, Buffer]>;
  /** Entries between two keys, as of the call: what a query reads, beside the task that writes. */
  scan(range: ScanRange): Promise<readonly (readonly [Buffer, Buffer])[]>;
  /** True while no row was ever found in it; a cheap hint that saves reads. */
  readonly isEmpty: boolean;
  /** Where the store stands in its changelog; undefined when it is new or was wiped. */
  readonly checkpoint: Checkpoint | undefined;
  /** How much it holds, as of about now; undefined once it is closed. Not free: ask every few seconds at most. */
  size(): Promise<StoreSize | undefined>;
  /** Applies the writes in order together with the checkpoint. An undefined value deletes. */
  apply(writes: readonly StoreWrite[], checkpoint: Checkpoint): Promise<void>;
  /** Removes all rows and the checkpoint. */
  wipe(): Promise<void>;
  close(): Promise<void>;
}

/** Keys in byte order, both ends included; without one, from the first or to the last. */
export interface ScanRange {
  readonly from?: Buffer | undefined;
  readonly to?: Buffer | undefined;
  /** Entries at most, the first ones. */
  readonly limit: number;
}

export interface StoreSize {
  readonly entries: number;
  /** False where there are too many to count (`estimate-num-keys`). */
  readonly isExact: boolean;
  /** On disk, before compaction takes out what was overwritten. */
  readonly bytes: number;
}

/** An undefined value deletes. */
export type StoreWrite = readonly [key: Buffer, value: Buffer | undefined];

export interface Checkpoint {
  /** The changelog topic's id: another one means the topic was created anew and the store is worthless. */
  readonly topicId: string;
  /** Next changelog offset to apply. */
  readonly offset: number;
}

/** Opens the committed stores of tasks, each under its own lock. */
export interface StoreProvider {
  /**
   * Opens one store of one task (`0_3`). A corrupted store is wiped, logged, and comes back empty without a checkpoint.
   *
   * @throws FatalError STATE_DIRECTORY_LOCKED when another process has it open.
   */
  open(taskId: string, store: string): Promise<CommittedStore>;
  /** The stores that were opened at some time, by this process or an earlier one. */
  stored(): Promise<readonly StoredName[]>;
}

export interface StoredName {
  readonly taskId: string;
  readonly store: string;
}
