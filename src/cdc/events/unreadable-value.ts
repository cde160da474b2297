import {ServiceError} from '../../common/errors.ts';
import type {Tuple} from '../tuple.ts';
import type {ColumnLayout} from './row-layout.ts';

/**
 * The error of a row with a value that is not as Postgres writes it, with the column and `where` the row came: `at LSN 0/1F`.
 * Any other error as it is.
 *
 * Looks for the column only now, so that rows without such a value pay nothing for it. Tells the length of the value and
 * not the value, which may be nobody's business.
 */
export function unreadableValue(
  error: unknown,
  table: string,
  columns: readonly ColumnLayout[],
  rows: readonly (Tuple | undefined)[],
  where: string,
): unknown {
  if (!isUnreadable(error)) return error;
  for (const {name, index, toJson} of columns) {
    for (const row of rows) {
      const text = row?.text(index);
      if (typeof text !== 'string' || isReadable(toJson, text)) continue;
      return new ServiceError(
        'CDC_PROTOCOL',
        `${table}, column ${name}, ${where}: ${error.message} (it has ${text.length} characters)`,
        {cause: error},
      );
    }
  }
  return error;
}

function isReadable(toJson: (text: string) => string, text: string): boolean {
  try {
    toJson(text);
    return true;
  } catch (error) {
    return !isUnreadable(error);
  }
}

function isUnreadable(error: unknown): error is ServiceError {
  return error instanceof ServiceError && error.code === 'CDC_PROTOCOL';
}
