import {anchoredPattern} from '../../common/anchored-pattern.ts';
import type {Relation} from '../replication-source.ts';

/** The columns that a table's events are keyed by in place of its own key; undefined where nothing is said of it. */
export type MessageKeyColumns = (relation: Relation) => readonly string[] | undefined;

/** `<tables>:<column>,…`: a regular expression for `schema.table`, and columns. */
const entryPattern = /^\s*([^:]+):([^:,]+(?:,[^:,]+)*)\s*$/;

/**
 * `message.key.columns`, as Debezium reads it: `<tables>:<column>,…;…`, where each column is matched as
 * `<tables>.<column>`, a regular expression for the whole name whatever its case.
 *
 * @throws SyntaxError for other text.
 */
export function messageKeyColumns(text: string): MessageKeyColumns {
  const patterns = text.split(';').flatMap((entry) => {
    const [, tables = '', columns = ''] = entryPattern.exec(entry) ?? [];
    if (tables === '') throw new SyntaxError(`not tables and columns: ${entry}`);
    return columns.split(',').map((column) => anchoredPattern(`${tables}.${column.trim()}`));
  });
  return ({schema, table, columns}) => {
    const key = patterns.flatMap((pattern) =>
      columns.map(({name}) => name).filter((name) => pattern.test(`${schema}.${table}.${name}`)),
    );
    return key.length === 0 ? undefined : [...new Set(key)];
  };
}
