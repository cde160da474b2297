import type {SinkSource, WarehouseSink} from './warehouse-sink.ts';

/**
 * What a warehouse brings to `millrace check --sink`: a first run against a real account, step by step.
 *
 * Its own steps come first; then the sink itself writes to scratch tables with the statements that it always uses
 * ({@link scratchSteps}), so that whatever a run needs has been tried once.
 */
export interface SinkCheck {
  /** In order: log in, what the session stands in and may use, where files go, the clock. The first failure ends the check. */
  readonly steps: readonly CheckStep[];
  /** The sink as configured. */
  readonly sink: WarehouseSink;
  /** Rows of a batch that takes the way of large batches. */
  readonly largeBatch: number;
  /** What is to be done when a table cannot be created, filled, altered and so on: the grants. */
  readonly remedies: Readonly<Record<ScratchRemedy, string>>;
  /** Rows of a table that the sink has written, through another session than the sink's. */
  readonly count: (table: string) => Promise<number>;
  /** Drops the table and removes the watermarks of the sink of this name; fine where there are none. */
  readonly drop: (table: string, sink: string) => Promise<void>;
  /** The steps of a look that changes nothing; where left out, `steps` are that already. */
  readonly lookSteps?: readonly CheckStep[];
  /**
   * What becomes of the table that `source` goes to, in a few words. Changes nothing.
   *
   * @throws FatalError SINK_TABLE_MISMATCH when it cannot take the rows.
   */
  readonly fits: (source: SinkSource) => Promise<string>;
  readonly close: () => Promise<void>;
}

export type ScratchRemedy = 'create' | 'write' | 'alter' | 'upsert' | 'load' | 'drop';

export interface CheckStep {
  /** What is tried: `log in`. */
  readonly name: string;
  /** Resolves with what it found, in a few words. */
  readonly run: () => Promise<string>;
  /** What to do when it fails: the statement that fixes it. */
  readonly remedy: string;
}

/** Thrown by a step for what works and should be otherwise. */
export class CheckWarning extends Error {
  override readonly name = 'CheckWarning';
}
