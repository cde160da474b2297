import {FatalError} from '../common/errors.ts';

/** A value that does not fit its schema, in `column` (`after.id`; empty for the whole value) of `where` (`orders-value`). */
export function unwritable(where: string, column: string, problem: string): FatalError {
  const path = column === '' ? '' : `, column ${column}`;
  return new FatalError(
    'RECORD_UNWRITABLE',
    `cannot write ${where}${path}: ${problem}; correct the mapping that makes the row, or the column's type in its schema`,
  );
}

/** What was found instead, short enough for one line. */
export function preview(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return value === null ? 'null' : 'an object';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
