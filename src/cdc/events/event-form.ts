/** `op` of a change event that can be left out by `skipped.operations`. */
export type SkippedOperation = 'c' | 'u' | 'd' | 't';

/** `delete.tombstone.handling.mode`, as of Debezium's ExtractNewRecordState. */
export type DeleteTombstoneHandling =
  'drop' | 'tombstone' | 'rewrite' | 'rewrite-with-tombstone' | 'delete-to-tombstone';

export interface EventFormOptions {
  readonly afterStateOnly: boolean;
  readonly skippedOperations: readonly SkippedOperation[];
  /** Whether a delete has a tombstone for the mode to keep. */
  readonly tombstonesOnDelete: boolean;
  readonly deleteTombstoneHandlingMode: DeleteTombstoneHandling;
}

/** What a value is: Debezium's envelope, the row with `__deleted`, or the row alone. */
export type RowForm = 'envelope' | 'row-with-deleted' | 'row';

/** How one source's changes are written. */
export interface EventForm {
  readonly rows: RowForm;
  /** Whether a delete has a record with a value. */
  readonly deletes: boolean;
  /** Whether a delete has a tombstone. */
  readonly tombstones: boolean;
  /** The letters of the operations that are not written. */
  readonly skipped: string;
}

/**
 * Deletes go by ExtractNewRecordState's table, `DefaultDeleteHandlingStrategy` of Debezium 3.6. Debezium has it for rows
 * only; an envelope is left out, replaced or followed by a tombstone in the same way, and is never rewritten.
 */
export function eventForm(options: EventFormOptions): EventForm {
  const {afterStateOnly, deleteTombstoneHandlingMode: mode, tombstonesOnDelete} = options;
  const skipped = options.skippedOperations.join('');
  const rewrites = mode === 'rewrite' || mode === 'rewrite-with-tombstone';
  const rows = rewrites ? 'row-with-deleted' : 'row';
  return {
    rows: afterStateOnly ? rows : 'envelope',
    deletes: rewrites,
    tombstones: rewrites ? mode !== 'rewrite' && tombstonesOnDelete : mode !== 'drop',
    skipped,
  };
}
