/** A statement that ends in ERROR_STATE, as Databricks reports it: error class in brackets, SQLSTATE. */
export class SparkError extends Error {
  readonly sqlState: string;

  constructor(sqlState: string, errorClass: string, reason: string) {
    super(`[${errorClass}] ${reason} SQLSTATE: ${sqlState}`);
    this.sqlState = sqlState;
  }
}

/**
 * DuckDB's error as Databricks' own: classes and states from the error reference of Databricks and of Delta Lake. A task
 * that writes reports a bad value as its own failure.
 */
export function sparkError(error: unknown, writes: boolean): SparkError {
  if (error instanceof SparkError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  if (/conflict/i.test(reason)) return new SparkError('2D521', 'DELTA_CONCURRENT_APPEND', reason);
  if (reason.startsWith('Catalog Error: Table with name'))
    return new SparkError('42P01', 'TABLE_OR_VIEW_NOT_FOUND', reason);
  if (/^Binder Error.*column/i.test(reason))
    return new SparkError('42703', 'UNRESOLVED_COLUMN.WITHOUT_SUGGESTION', reason);
  if (reason.startsWith('Constraint Error: NOT NULL'))
    return new SparkError('23502', 'DELTA_NOT_NULL_CONSTRAINT_VIOLATED', reason);
  if (/^(?:Invalid Input|Conversion|Out of Range|Mismatch Type) Error/.test(reason))
    return writes
      ? new SparkError('58030', 'TASK_WRITE_FAILED', 'Task failed while writing rows.')
      : new SparkError('22023', 'MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION', reason);
  return new SparkError('XX000', 'INTERNAL_ERROR', reason);
}
